"""Draws the edges of an image."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_image
from engine.imaging.edges import canny as find_edges
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("Canny", category="image/preprocessors")
def canny(
    image: Image,
    low_threshold: Annotated[float, Number(0.01, 0.99, 0.01)] = 0.4,
    high_threshold: Annotated[float, Number(0.01, 0.99, 0.01)] = 0.8,
) -> Image:
    """Draw the edges of an image in white on black, one pixel wide (Canny's method).

    Args:
        low_threshold: Edges this weak are kept where they continue a stronger one.
        high_threshold: Edges this strong are always kept; a step from black to white has 2.6.
    """
    edges = find_edges(check_image(image), low_threshold, high_threshold)
    return edges.unsqueeze(-1).repeat(1, 1, 1, 3)
