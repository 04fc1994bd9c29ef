"""Pictures of tokens and codes."""

from __future__ import annotations

import math
from typing import Final

import torch

# Shares of the circle that, added up, keep three numbers evenly spread: powers of 1/g with
# g⁴ = g + 1. Source: M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018.
_STEPS: Final = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)


def token_colours(size: int) -> torch.Tensor:
    """Return a colour for each token, (size, 3) float32 in [0, 1]; neighbours differ clearly.

    Hue, saturation and value of the colours are evenly spread whatever the size, so token i has
    the same colour in every codebook.
    """
    numbers = torch.arange(size, dtype=torch.float64)[:, None] * torch.tensor(_STEPS).double()
    hue, second, third = numbers.frac().float().unbind(1)
    saturation, value = 0.35 + 0.65 * second, 0.45 + 0.55 * third
    # HSV to RGB: https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative
    place = (torch.tensor([5.0, 3.0, 1.0]) + 6 * hue[:, None]) % 6
    ramp = torch.minimum(place, 4 - place).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * ramp)


def contact_sheet(tiles: torch.Tensor, columns: int, gap: int) -> torch.Tensor:
    """Return one picture (1, H, W, 3) of tiles in rows, black between them and where none is left.

    Args:
        tiles: (N, h, w, 3).
        columns: Tiles in a row; 0 for about a square.
        gap: Pixels between tiles.
    """
    count, height, width, _ = tiles.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = tiles.new_zeros(rows * columns, height + gap, width + gap, 3)
    sheet[:count, :height, :width] = tiles
    sheet = sheet.reshape(rows, columns, height + gap, width + gap, 3).transpose(1, 2)
    sheet = sheet.reshape(1, rows * (height + gap), columns * (width + gap), 3)
    return sheet[:, : -gap or None, : -gap or None]
