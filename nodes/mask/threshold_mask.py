"""Makes a mask hard."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_mask
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask


@node("ThresholdMask", category="mask")
def threshold_mask(mask: Mask, value: Annotated[float, Number(0.0, 1.0, 0.01)] = 0.5) -> Mask:
    """Turn a soft mask into a hard one: 1 where it exceeds a value, else 0.

    Args:
        value: What must be exceeded.
    """
    return (check_mask(mask) > value).to(mask.dtype)
