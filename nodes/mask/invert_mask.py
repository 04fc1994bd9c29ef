"""Inverts a mask."""

from __future__ import annotations

from engine.imaging.checks import check_mask
from engine.registry.decorator import node
from engine.types import Mask


@node("InvertMask", category="mask")
def invert_mask(mask: Mask) -> Mask:
    """Swap what is repainted and what is kept: 1 - mask."""
    return 1.0 - check_mask(mask)
