"""Adds room around an image, to be painted by a model."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch.nn import functional

from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Mask

_GREY = 0.5


class Padded(NamedTuple):
    """Outputs of ImagePadForOutpaint."""

    image: Image
    mask: Mask


@node("ImagePadForOutpaint", title="Pad Image for Outpainting", category="image")
def image_pad_for_outpaint(
    image: Image,
    left: Annotated[int, Number(0, 16384, 8)] = 0,
    top: Annotated[int, Number(0, 16384, 8)] = 0,
    right: Annotated[int, Number(0, 16384, 8)] = 0,
    bottom: Annotated[int, Number(0, 16384, 8)] = 0,
    feathering: Annotated[int, Number(0, 16384, 1)] = 40,
) -> Padded:
    """Add grey borders to an image, and a mask that asks a model to paint them.

    The mask is 1 on the borders. Towards the middle of the old image it falls as (1 - d / f)^2,
    where d is the distance in pixels to the nearest border and f the feathering.

    Args:
        left: Pixels to add.
        top: Pixels to add.
        right: Pixels to add.
        bottom: Pixels to add.
        feathering: Width in pixels of the soft transition; an image smaller than twice this width
            gets a hard one.
    """
    height, width = check_image(image).shape[1:3]
    sides = (left, right, top, bottom)
    padded = functional.pad(image, (0, 0, *sides), value=_GREY)
    inner = torch.zeros(height, width)
    if feathering > 0 and feathering * 2 < min(width, height):
        distance = _distance_to_padding(height, width, left, top, right, bottom)
        inner = (1.0 - distance / feathering).clamp_min(0.0).square()
    return Padded(padded, functional.pad(inner, sides, value=1.0).unsqueeze(0))


def _distance_to_padding(
    height: int, width: int, left: int, top: int, right: int, bottom: int
) -> torch.Tensor:
    """Return (height, width) pixels to the nearest side that is padded; infinite without one."""
    rows = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    columns = torch.arange(width, dtype=torch.float32)[None, :].expand(height, width)
    distance = torch.full((height, width), torch.inf)
    for padding, from_side in (
        (left, columns),
        (top, rows),
        (right, width - columns),
        (bottom, height - rows),
    ):
        if padding:
            distance = torch.minimum(distance, from_side)
    return distance
