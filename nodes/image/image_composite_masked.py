"""Pastes one image over another."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.batch import with_channels
from engine.imaging.checks import check_image, check_mask
from engine.imaging.composite import composite
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Mask


@node("ImageCompositeMasked", category="image")
def image_composite_masked(
    destination: Image,
    source: Image,
    x: Annotated[int, Number(0, 16384, 1)] = 0,
    y: Annotated[int, Number(0, 16384, 1)] = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Image:
    """Paste an image over another, where a mask allows it.

    Args:
        destination: What is painted over; its size and batch are kept.
        source: What is pasted; what sticks out is cut off.
        x: Left edge of the source, in pixels.
        y: Top edge of the source, in pixels.
        resize_source: First stretch the source to the size of the destination.
        mask: 1 shows the source, 0 the destination; it is stretched to the source's size.
    """
    channels = check_image(destination, "destination").shape[-1]
    source = with_channels(check_image(source, "source"), channels)
    result = composite(
        destination.movedim(-1, 1),
        source.movedim(-1, 1),
        x,
        y,
        None if mask is None else check_mask(mask),
        resize_source=resize_source,
    )
    return result.movedim(1, -1)
