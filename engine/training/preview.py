"""Colours of latents, so that pictures can be looked at while they are sampled."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def fit_preview(latents: Tensor, images: Tensor) -> list[tuple[float, float, float]]:
    """Return what `preview_rgb` of a file's configuration holds: C rows, then the constant.

    The linear map from a cell's channels to the mean colour of its pixels with the least squared
    error.

    Args:
        latents: (B, C, h, w), scaled as the network sees them.
        images: (B, H, W, 3) in [0, 1], what they decode to.
    """
    cells = latents.detach().double().cpu().movedim(1, -1).flatten(0, 2)
    known = torch.cat([cells, torch.ones(len(cells), 1, dtype=torch.float64)], dim=1)
    pixels = images.detach().double().cpu().movedim(-1, 1) * 2 - 1
    colours = (
        functional.adaptive_avg_pool2d(pixels, (latents.shape[2], latents.shape[3]))
        .movedim(1, -1)
        .flatten(0, 2)
    )
    rows = torch.linalg.lstsq(known, colours, driver="gelsd").solution
    return [(float(r), float(g), float(b)) for r, g, b in rows]
