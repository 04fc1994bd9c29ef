"""Cuts a rectangle out of an image."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_image
from engine.imaging.window import cut
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("ImageCrop", title="Image Crop", category="image/transform")
def image_crop(
    image: Image,
    width: Annotated[int, Number(1, 16384, 1)] = 512,
    height: Annotated[int, Number(1, 16384, 1)] = 512,
    x: Annotated[int, Number(0, 16384, 1)] = 0,
    y: Annotated[int, Number(0, 16384, 1)] = 0,
) -> Image:
    """Cut a rectangle out of an image; what of it lies outside the image is left out.

    Args:
        width: Pixels.
        height: Pixels.
        x: Left edge, in pixels.
        y: Top edge, in pixels; it must lie inside the image, as must the left one.
    """
    return cut(check_image(image).movedim(-1, 1), x, y, width, height).movedim(1, -1)
