"""Fades a mask towards its edges."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_mask
from engine.imaging.composite import ramps
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask


@node("FeatherMask", category="mask")
def feather_mask(
    mask: Mask,
    left: Annotated[int, Number(0, 16384, 1)] = 0,
    top: Annotated[int, Number(0, 16384, 1)] = 0,
    right: Annotated[int, Number(0, 16384, 1)] = 0,
    bottom: Annotated[int, Number(0, 16384, 1)] = 0,
) -> Mask:
    """Fade a mask towards the edges of the picture, linearly.

    Args:
        left: Width of the fade, in pixels.
        top: Width of the fade, in pixels.
        right: Width of the fade, in pixels.
        bottom: Width of the fade, in pixels.
    """
    mask = check_mask(mask)
    height, width = mask.shape[1:]
    return mask * ramps(height, width, left=left, top=top, right=right, bottom=bottom)
