"""Blurs and sharpens images."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_image
from engine.imaging.filters import gaussian_blur, sharpen
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image

_AMOUNT_PER_ALPHA = 10.0


@node("ImageBlur", title="Image Blur", category="image/postprocessing")
def image_blur(
    image: Image,
    blur_radius: Annotated[int, Number(1, 31, 1)] = 1,
    sigma: Annotated[float, Number(0.1, 10.0, 0.1)] = 1.0,
) -> Image:
    """Blur an image with a Gaussian.

    Args:
        blur_radius: How far the blur reaches, in pixels.
        sigma: Standard deviation of the Gaussian in units of the radius: 0.4 fades out within the
            radius, large values make a plain average.
    """
    channels_first = check_image(image).movedim(-1, 1)
    return gaussian_blur(channels_first, blur_radius, sigma * blur_radius).movedim(1, -1)


@node("ImageSharpen", title="Image Sharpen", category="image/postprocessing")
def image_sharpen(
    image: Image,
    sharpen_radius: Annotated[int, Number(1, 31, 1)] = 1,
    sigma: Annotated[float, Number(0.1, 10.0, 0.01)] = 1.0,
    alpha: Annotated[float, Number(0.0, 5.0, 0.01)] = 1.0,
) -> Image:
    """Sharpen an image: add 10 * alpha times what a blur would take away.

    Args:
        sharpen_radius: How far the blur reaches, in pixels.
        sigma: Standard deviation of the blur in units of the radius.
        alpha: Strength; 0 changes nothing.
    """
    channels_first = check_image(image).movedim(-1, 1)
    sharpened = sharpen(
        channels_first, sharpen_radius, sigma * sharpen_radius, _AMOUNT_PER_ALPHA * alpha
    )
    return sharpened.clamp(0.0, 1.0).movedim(1, -1)
