"""Pastes one latent over another."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.imaging.checks import check_latent, check_mask
from engine.imaging.composite import composite, ramps
from engine.imaging.latents import PIXELS_PER_CELL, with_samples
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent, Mask


@node("LatentComposite", title="Latent Composite", category="latent")
def latent_composite(
    samples_to: Latent,
    samples_from: Latent,
    x: Annotated[int, Number(0, 16384, 8)] = 0,
    y: Annotated[int, Number(0, 16384, 8)] = 0,
    feather: Annotated[int, Number(0, 16384, 8)] = 0,
) -> Latent:
    """Paste a latent over a place of another.

    Args:
        samples_to: What is painted over; its size is kept.
        samples_from: What is pasted; what sticks out is cut off.
        x: Left edge, in pixels.
        y: Top edge, in pixels.
        feather: Width in pixels of a fade along the edges that lie inside the other latent.
    """
    destination = check_latent(samples_to, "samples_to")
    source = check_latent(samples_from, "samples_from")
    x, y, feather = x // PIXELS_PER_CELL, y // PIXELS_PER_CELL, feather // PIXELS_PER_CELL
    weight = _faded(destination, source, x, y, feather) if feather else None
    return with_samples(samples_to, composite(destination, source, x, y, weight))


def _faded(
    destination: torch.Tensor, source: torch.Tensor, x: int, y: int, feather: int
) -> torch.Tensor:
    height, width = source.shape[-2:]
    inside_right = x + width < destination.shape[-1]
    inside_bottom = y + height < destination.shape[-2]
    weight = ramps(
        height,
        width,
        left=feather if x else 0,
        top=feather if y else 0,
        right=feather if inside_right else 0,
        bottom=feather if inside_bottom else 0,
    )
    return weight.unsqueeze(0)


@node("LatentCompositeMasked", category="latent")
def latent_composite_masked(
    destination: Latent,
    source: Latent,
    x: Annotated[int, Number(0, 16384, 8)] = 0,
    y: Annotated[int, Number(0, 16384, 8)] = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Latent:
    """Paste a latent over another, where a mask allows it.

    Args:
        destination: What is painted over; its size is kept.
        source: What is pasted; what sticks out is cut off.
        x: Left edge, in pixels.
        y: Top edge, in pixels.
        resize_source: First stretch the source to the size of the destination.
        mask: 1 shows the source, 0 the destination; it is stretched to the source's size.
    """
    pasted = composite(
        check_latent(destination, "destination"),
        check_latent(source, "source"),
        x // PIXELS_PER_CELL,
        y // PIXELS_PER_CELL,
        None if mask is None else check_mask(mask),
        resize_source=resize_source,
    )
    return with_samples(destination, pasted)
