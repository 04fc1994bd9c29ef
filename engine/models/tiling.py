"""Large pictures in overlapping tiles, blended with a linear feather."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import torch


def tile_spans(size: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """List (start, end) of tiles that cover `size` cells, each sharing `overlap` with the next.

    The last tile is moved back to end at the border, so all are equally large.
    """
    if size <= tile:
        return [(0, size)]
    step = tile - overlap
    starts = [*range(0, size - tile, step), size - tile]
    return [(start, start + tile) for start in starts]


def run_tiled(
    x: torch.Tensor,
    compute: Callable[[torch.Tensor], torch.Tensor],
    *,
    tile: int,
    overlap: int,
    scale: Fraction,
    channels: int,
) -> torch.Tensor:
    """Apply `compute` to tiles of `x` and blend the results.

    Each result is weighted by a ramp that rises linearly over the overlap; weights are summed and
    divided by, so a `compute` that treats cells alike gives the same as without tiles.

    Args:
        x: (B, C, h, w).
        compute: (1, C, a, b) -> (1, channels, a * scale, b * scale).
        tile, overlap: Cells of `x`; 0 <= overlap < tile.
        scale: Cells of the result for each cell of `x`; divides the tile without rest.

    Returns: (B, channels, h * scale, w * scale) float32 on the CPU.
    """
    height, width = (int(side * scale) for side in x.shape[-2:])
    total = torch.zeros(x.shape[0], channels, height, width)
    weights = torch.zeros(height, width)
    ramp = max(1, int(overlap * scale))
    for rows, columns in _tiles(x.shape[-2], x.shape[-1], tile, overlap):
        out_rows, out_columns = (
            slice(int(span.start * scale), int(span.stop * scale)) for span in (rows, columns)
        )
        feather = torch.outer(
            _ramp(out_rows.stop - out_rows.start, ramp),
            _ramp(out_columns.stop - out_columns.start, ramp),
        )
        weights[out_rows, out_columns] += feather
        for item in range(x.shape[0]):
            result = compute(x[item : item + 1, :, rows, columns])
            total[item, :, out_rows, out_columns] += result[0].float().cpu() * feather
    return total / weights


def _tiles(height: int, width: int, tile: int, overlap: int) -> Iterator[tuple[slice, slice]]:
    for top, bottom in tile_spans(height, tile, overlap):
        for left, right in tile_spans(width, tile, overlap):
            yield slice(top, bottom), slice(left, right)


def _ramp(length: int, ramp: int) -> torch.Tensor:
    """Return weights in (0, 1] that rise over the first `ramp` cells and fall over the last."""
    distance = torch.arange(1, length + 1, dtype=torch.float32)
    return torch.minimum(distance, distance.flip(0)).clamp(max=ramp) / ramp
