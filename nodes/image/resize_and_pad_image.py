"""Fits an image into a frame."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from engine.imaging.checks import check_image
from engine.imaging.resize import resize_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("ResizeAndPadImage", category="image/transform")
def resize_and_pad_image(
    image: Image,
    target_width: Annotated[int, Number(1, 16384, 1)] = 512,
    target_height: Annotated[int, Number(1, 16384, 1)] = 512,
    padding_color: Literal["white", "black"] = "white",
    interpolation: Literal["area", "bicubic", "nearest-exact", "bilinear", "lanczos"] = "area",
) -> Image:
    """Scale an image to fit into a size without stretching it, centred, with borders.

    Args:
        target_width: Pixels.
        target_height: Pixels.
        padding_color: Colour of the borders.
    """
    height, width = check_image(image).shape[1:3]
    scale = min(target_width / width, target_height / height)
    inner_width = min(target_width, max(1, round(width * scale)))
    inner_height = min(target_height, max(1, round(height * scale)))
    value = 1.0 if padding_color == "white" else 0.0
    batch, channels = image.shape[0], image.shape[-1]
    result = torch.full((batch, target_height, target_width, channels), value)
    if channels == 4:
        result[..., 3] = 1.0
    left, top = (target_width - inner_width) // 2, (target_height - inner_height) // 2
    result[:, top : top + inner_height, left : left + inner_width] = resize_image(
        image, inner_width, inner_height, interpolation
    )
    return result
