"""Joins latents side by side, and cuts them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch

from engine.errors import InvalidValueError
from engine.imaging.batch import repeat_to_batch
from engine.imaging.latents import with_samples
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent

_AXES = {"x": -1, "y": -2, "t": -3}
_VIDEO_AXES = 5


@node("LatentConcat", category="latent/advanced")
def latent_concat(
    samples1: Latent, samples2: Latent, dim: Literal["x", "-x", "y", "-y", "t", "-t"]
) -> Latent:
    """Join two latents side by side, one above the other, or one after the other in time.

    Args:
        samples2: Must be as long as `samples1` along the other directions.
        dim: Where `samples2` goes: "x" right, "-x" left, "y" below, "-y" above, "t" after, "-t"
            before; time needs video latents.
    """
    first, axis = _samples(samples1, "samples1", dim)
    second, _ = _samples(samples2, "samples2", dim)
    second = repeat_to_batch(second, first.shape[0])
    if not _same_but_for(axis, first, second):
        raise InvalidValueError(
            'input "samples2"', tuple(second.shape), f"{tuple(first.shape)} but for axis {dim}"
        )
    pair = (second, first) if dim.startswith("-") else (first, second)
    return with_samples(samples1, torch.cat(pair, dim=axis))


@node("LatentCut", category="latent/advanced")
def latent_cut(
    samples: Latent,
    dim: Literal["x", "y", "t"],
    index: Annotated[int, Number(-16384, 16384, 1)] = 0,
    amount: Annotated[int, Number(1, 16384, 1)] = 1,
) -> Latent:
    """Take a slice of a latent along one direction, counted in cells of the latent.

    Args:
        dim: Direction: "x" columns, "y" rows, "t" frames of a video latent.
        index: Where the slice begins; a negative number counts from the end.
        amount: How long it is; shorter where the latent ends.
    """
    have, axis = _samples(samples, "samples", dim)
    size = have.shape[axis]
    start = index if index >= 0 else size + index
    if not 0 <= start < size:
        raise InvalidValueError('input "index"', index, f"-{size} to {size - 1}")
    return with_samples(samples, have.narrow(axis, start, min(amount, size - start)))


def _samples(latent: Any, name: str, dim: str) -> tuple[torch.Tensor, int]:
    """Return the samples and the axis of a direction. Raises: InvalidValueError."""
    samples: torch.Tensor = latent["samples"]
    axis = dim.lstrip("-")
    if samples.ndim not in (4, _VIDEO_AXES) or samples.numel() == 0:
        raise InvalidValueError(
            f'input "{name}"', tuple(samples.shape), "latents with 4 axes, or 5 for video"
        )
    if axis == "t" and samples.ndim != _VIDEO_AXES:
        raise InvalidValueError('input "dim"', dim, "x or y: these latents have no time axis")
    return samples, _AXES[axis]


def _same_but_for(axis: int, first: torch.Tensor, second: torch.Tensor) -> bool:
    if first.ndim != second.ndim:
        return False
    ignored = first.ndim + axis
    pairs = zip(first.shape, second.shape, strict=True)
    return all(a == b for place, (a, b) in enumerate(pairs) if place != ignored)
