"""Grows and shrinks bright areas of an image."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_image
from engine.imaging.morphology import Operation, morph
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("Morphology", title="ImageMorphology", category="image/postprocessing")
def morphology(
    image: Image,
    operation: Operation,
    kernel_size: Annotated[int, Number(3, 999, 1)] = 3,
) -> Image:
    """Change an image by the brightest or darkest value around each pixel, channel by channel.

    Args:
        operation: "dilate" grows bright areas, "erode" dark ones; "open" removes bright specks,
            "close" dark ones; "top_hat" and "bottom_hat" show what they remove; "gradient" shows
            outlines.
        kernel_size: Side of the square around a pixel, in pixels.
    """
    return morph(check_image(image).movedim(-1, 1), operation, kernel_size).movedim(1, -1)
