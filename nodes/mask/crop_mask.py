"""Cuts a rectangle out of a mask."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_mask
from engine.imaging.window import cut
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask


@node("CropMask", category="mask")
def crop_mask(
    mask: Mask,
    x: Annotated[int, Number(0, 16384, 1)] = 0,
    y: Annotated[int, Number(0, 16384, 1)] = 0,
    width: Annotated[int, Number(1, 16384, 1)] = 512,
    height: Annotated[int, Number(1, 16384, 1)] = 512,
) -> Mask:
    """Cut a rectangle out of a mask; what of it lies outside the mask is left out.

    Args:
        x: Left edge, in pixels.
        y: Top edge, in pixels; it must lie inside the mask, as must the left one.
        width: Pixels.
        height: Pixels.
    """
    return cut(check_mask(mask), x, y, width, height)
