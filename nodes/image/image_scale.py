"""Resizes images: to a size, by a factor, to a number of pixels or to a longest side."""

from __future__ import annotations

import math
from typing import Annotated

from engine.imaging.checks import check_image
from engine.imaging.resize import Crop, Method, resize_image, size_with_aspect
from engine.registry.decorator import node
from engine.registry.widgets import Choice, Number
from engine.types import Image

_MEGAPIXEL = 1024 * 1024


@node("ImageScale", title="Upscale Image", category="image/upscaling")
def image_scale(
    image: Image,
    upscale_method: Method,
    width: Annotated[int, Number(0, 16384, 1)] = 512,
    height: Annotated[int, Number(0, 16384, 1)] = 512,
    crop: Crop = "disabled",
) -> Image:
    """Resize an image to a width and a height.

    Args:
        upscale_method: "lanczos" and "area" are best for scaling down, "lanczos" and "bicubic"
            for scaling up; "nearest-exact" keeps hard pixels.
        width: Pixels; 0 follows from the height.
        height: Pixels; 0 follows from the width.
        crop: "center" cuts the image to the new aspect ratio instead of stretching it.
    """
    have_height, have_width = check_image(image).shape[1:3]
    width, height = size_with_aspect((have_width, have_height), width, height)
    return resize_image(image, width, height, upscale_method, crop)


@node("ImageScaleBy", title="Upscale Image By", category="image/upscaling")
def image_scale_by(
    image: Image,
    upscale_method: Method,
    scale_by: Annotated[float, Number(0.01, 8.0, 0.01)] = 1.0,
) -> Image:
    """Resize an image by a factor.

    Args:
        scale_by: Factor for both sides; 2 gives four times the pixels.
    """
    return _scaled(image, scale_by, upscale_method)


@node("ImageScaleToTotalPixels", title="Scale Image to Total Pixels", category="image/upscaling")
def image_scale_to_total_pixels(
    image: Image,
    upscale_method: Method,
    megapixels: Annotated[float, Number(0.01, 16.0, 0.01)] = 1.0,
) -> Image:
    """Resize an image to about a number of pixels, keeping its aspect ratio.

    Args:
        megapixels: In units of 1024 x 1024 pixels.
    """
    height, width = check_image(image).shape[1:3]
    return _scaled(image, math.sqrt(megapixels * _MEGAPIXEL / (width * height)), upscale_method)


@node("ImageScaleToMaxDimension", category="image/upscaling")
def image_scale_to_max_dimension(
    image: Image,
    upscale_method: Annotated[
        str, Choice(("area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"))
    ],
    largest_size: Annotated[int, Number(0, 16384, 1)] = 512,
) -> Image:
    """Resize an image so that its longer side has a given length, keeping its aspect ratio.

    Args:
        largest_size: Pixels of the longer side; 0 leaves the image as it is.
    """
    height, width = check_image(image).shape[1:3]
    if width > height:
        size = size_with_aspect((width, height), largest_size, 0)
    else:
        size = size_with_aspect((width, height), 0, largest_size)
    return resize_image(image, *size, upscale_method)


def _scaled(image: Image, factor: float, method: str) -> Image:
    height, width = check_image(image).shape[1:3]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return resize_image(image, *size, method)
