"""Measures an image."""

from __future__ import annotations

from typing import NamedTuple

from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.types import Image, NodeResult, Ui


class ImageSize(NamedTuple):
    """Outputs of GetImageSize."""

    width: int
    height: int
    batch_size: int


@node("GetImageSize", title="Get Image Size", category="image")
def get_image_size(image: Image) -> ImageSize | NodeResult:
    """Return the width and height of an image in pixels, and how many images the batch has."""
    batch_size, height, width = check_image(image).shape[:3]
    text = f"width: {width}, height: {height}\nbatch size: {batch_size}"
    return NodeResult(ImageSize(width, height, batch_size), Ui(text=[text]))
