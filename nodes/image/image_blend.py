"""Blends two images."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from engine.imaging.batch import repeat_to_batch, same_channels
from engine.imaging.blending import blend
from engine.imaging.checks import check_image
from engine.imaging.resize import resize_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("ImageBlend", title="Image Blend", category="image/postprocessing")
def image_blend(
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Number(0.0, 1.0, 0.01)] = 0.5,
    blend_mode: Literal[
        "normal", "multiply", "screen", "overlay", "soft_light", "difference"
    ] = "normal",
) -> Image:
    """Blend two images: (1 - factor) * image1 + factor * mode(image1, image2).

    Args:
        image1: The lower layer.
        image2: The upper layer, brought to the size of the lower one.
        blend_factor: 0 shows the lower layer alone.
        blend_mode: How the layers meet, as in drawing programs.
    """
    height, width = check_image(image1, "image1").shape[1:3]
    second = resize_image(check_image(image2, "image2"), width, height, "bicubic", "center")
    base, top = same_channels(image1, repeat_to_batch(second, image1.shape[0]))
    return torch.lerp(base, blend(base, top, blend_mode), blend_factor).clamp(0.0, 1.0)
