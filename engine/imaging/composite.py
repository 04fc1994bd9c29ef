"""Pastes one picture, mask or latent over a place of another."""

from __future__ import annotations

import torch

from engine.imaging.batch import repeat_to_batch
from engine.imaging.checks import check_same_channels
from engine.imaging.resize import resize, resize_mask


def composite(
    destination: torch.Tensor,
    source: torch.Tensor,
    x: int,
    y: int,
    mask: torch.Tensor | None = None,
    *,
    resize_source: bool = False,
) -> torch.Tensor:
    """Return `destination` with `source` at (x, y): mask * source + (1 - mask) * destination.

    What sticks out of the destination is cut off. Source and mask are repeated over the
    destination's batch.

    Args:
        destination: (B, C, H, W).
        source: (b, C, h, w).
        x: Columns from the left, >= 0.
        y: Rows from the top, >= 0.
        mask: (m, h', w') in [0, 1], brought to the source's size; None pastes all of it.
        resize_source: First stretch the source to the destination's size.

    Raises: InvalidValueError, when the channels differ.
    """
    check_same_channels(destination, source, "source")
    batch, _, height, width = destination.shape
    if resize_source:
        source = resize(source, width, height, "bilinear")
    source = repeat_to_batch(source, batch)
    if mask is None:
        weight = torch.ones(1, 1, *source.shape[-2:])
    else:
        resized = resize_mask(mask, source.shape[-1], source.shape[-2])
        weight = repeat_to_batch(resized, batch).unsqueeze(1)
    result = destination.clone()
    place = result[..., y : y + source.shape[-2], x : x + source.shape[-1]]
    rows, columns = place.shape[-2:]
    place.lerp_(source[..., :rows, :columns].to(place), weight[..., :rows, :columns].to(place))
    return result


def ramps(
    height: int, width: int, *, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0
) -> torch.Tensor:
    """Return (height, width) weights that rise linearly from the edges, 1 in the middle.

    The i-th line from an edge (i = 1, 2 …) has i / n for a ramp n lines wide; ramps of several
    edges are multiplied. A ramp wider than the picture is as wide as the picture.
    """
    rows = _ramp(height, min(top, height), min(bottom, height))
    columns = _ramp(width, min(left, width), min(right, width))
    return rows[:, None] * columns[None, :]


def _ramp(size: int, start: int, end: int) -> torch.Tensor:
    steps = torch.arange(1, size + 1, dtype=torch.float32)
    rising = (steps / max(start, 1)).clamp_max(1.0)
    falling = (steps.flip(0) / max(end, 1)).clamp_max(1.0)
    return rising * falling
