"""Turns and mirrors images."""

from __future__ import annotations

from typing import Literal

import torch

from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.types import Image

_QUARTERS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}


@node("ImageRotate", category="image/transform")
def image_rotate(
    image: Image, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"]
) -> Image:
    """Turn an image clockwise.

    Args:
        rotation: By how much.
    """
    return torch.rot90(check_image(image), -_QUARTERS[rotation], dims=(1, 2))


@node("ImageFlip", category="image/transform")
def image_flip(
    image: Image, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"]
) -> Image:
    """Mirror an image.

    Args:
        flip_method: "x-axis: vertically" swaps top and bottom, the other left and right.
    """
    return check_image(image).flip(1 if flip_method.startswith("x") else 2)
