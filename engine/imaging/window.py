"""Rectangles cut out of images, masks and latents."""

from __future__ import annotations

import torch

from engine.errors import InvalidValueError


def cut(
    tensor: torch.Tensor, x: int, y: int, width: int, height: int, unit: int = 1
) -> torch.Tensor:
    """Return a view of (…, H, W): rows y … y + height, columns x … x + width, as far as they exist.

    Args:
        unit: Pixels per cell of the tensor, for the error text: sizes and places are in cells.

    Raises: InvalidValueError, when the corner (x, y) lies outside.
    """
    have_height, have_width = tensor.shape[-2:]
    for name, start, size in (("x", x, have_width), ("y", y, have_height)):
        if not 0 <= start < size:
            raise InvalidValueError(
                f'input "{name}"', start * unit, f"0 to {(size - 1) * unit}, inside the picture"
            )
    return tensor[..., y : y + height, x : x + width]
