"""Grows or shrinks a mask."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_mask
from engine.imaging.morphology import dilate_diamond, dilate_square
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask


@node("GrowMask", category="mask")
def grow_mask(
    mask: Mask,
    expand: Annotated[int, Number(-16384, 16384, 1)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Grow a mask by some pixels in every direction, or shrink it.

    Args:
        expand: Pixels; a negative number shrinks the mask.
        tapered_corners: Grow by steps to the four sides, so that corners are cut at 45 degrees;
            off, they stay square.
    """
    mask = check_mask(mask)
    if expand == 0:
        return mask
    source = mask if expand > 0 else -mask
    steps = abs(expand)
    grown = (
        dilate_diamond(source, steps) if tapered_corners else dilate_square(source, 2 * steps + 1)
    )
    return grown if expand > 0 else -grown
