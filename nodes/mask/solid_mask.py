"""Makes a mask of one value."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask


@node("SolidMask", category="mask")
def solid_mask(
    value: Annotated[float, Number(0.0, 1.0, 0.01)] = 1.0,
    width: Annotated[int, Number(1, 16384, 1)] = 512,
    height: Annotated[int, Number(1, 16384, 1)] = 512,
) -> Mask:
    """Make a mask that has the same value everywhere.

    Args:
        value: 1 repaints, 0 keeps.
        width: Pixels.
        height: Pixels.
    """
    return torch.full((1, height, width), value)
