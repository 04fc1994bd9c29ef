"""Masks one colour."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.imaging.batch import with_channels
from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Mask


@node("ImageColorToMask", category="mask")
def image_color_to_mask(
    image: Image, color: Annotated[int, Number(0, 0xFFFFFF, 1, display="color")] = 0
) -> Mask:
    """Make a mask that is 1 where the image has exactly one colour, at 8 bits a channel.

    Args:
        color: 0xRRGGBB as a number.
    """
    rgb = with_channels(check_image(image), 3)
    wanted = torch.tensor([color >> 16 & 255, color >> 8 & 255, color & 255])
    found = (rgb.clamp(0.0, 1.0) * 255.0).round() == wanted
    return found.all(dim=-1).to(torch.float32)
