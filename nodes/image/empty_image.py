"""Makes images of one colour."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("EmptyImage", category="image")
def empty_image(
    width: Annotated[int, Number(1, 16384, 1)] = 512,
    height: Annotated[int, Number(1, 16384, 1)] = 512,
    batch_size: Annotated[int, Number(1, 4096, 1)] = 1,
    color: Annotated[int, Number(0, 0xFFFFFF, 1, display="color")] = 0,
) -> Image:
    """Make images of a single colour.

    Args:
        width: Pixels.
        height: Pixels.
        batch_size: How many.
        color: 0xRRGGBB as a number.
    """
    rgb = torch.tensor([color >> 16 & 255, color >> 8 & 255, color & 255]) / 255.0
    return rgb.repeat(batch_size, height, width, 1)
