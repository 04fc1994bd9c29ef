"""Puts two images side by side."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from engine.imaging.batch import repeat_to_batch, same_channels
from engine.imaging.checks import check_image
from engine.imaging.resize import resize_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image

_COLOURS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}


@node("ImageStitch", title="Image Stitch", category="image/transform")
def image_stitch(
    image1: Image,
    direction: Literal["right", "down", "left", "up"] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Number(0, 1024, 2)] = 0,
    spacing_color: Literal["white", "black", "red", "green", "blue"] = "white",
    image2: Image | None = None,
) -> Image:
    """Put two images side by side or one above the other.

    Args:
        image1: Comes first.
        direction: Where the second image goes.
        match_image_size: Scale the second image so that the touching sides are equally long; off,
            the shorter side is centred on black.
        spacing_width: Pixels between the images.
        spacing_color: Colour between the images.
        image2: Without it the first image is returned.
    """
    check_image(image1, "image1")
    if image2 is None:
        return image1
    beside = direction in ("right", "left")
    first, second = same_channels(image1, check_image(image2, "image2"))
    batch = max(first.shape[0], second.shape[0])
    first, second = repeat_to_batch(first, batch), repeat_to_batch(second, batch)
    if match_image_size:
        second = _scaled_to_side(second, first, beside)
    first, second = _padded_to_side(first, second, 1 if beside else 2)
    parts = [first, second] if direction in ("right", "down") else [second, first]
    if spacing_width:
        parts.insert(1, _gap(first, beside, spacing_width, _COLOURS[spacing_color]))
    return torch.cat(parts, dim=2 if beside else 1)


def _scaled_to_side(image: torch.Tensor, like: torch.Tensor, beside: bool) -> torch.Tensor:
    height, width = image.shape[1:3]
    if beside:
        side = like.shape[1]
        return resize_image(image, max(1, round(width * side / height)), side, "lanczos")
    side = like.shape[2]
    return resize_image(image, side, max(1, round(height * side / width)), "lanczos")


def _padded_to_side(
    first: torch.Tensor, second: torch.Tensor, axis: int
) -> tuple[torch.Tensor, torch.Tensor]:
    side = max(first.shape[axis], second.shape[axis])
    return _centred(first, side, axis), _centred(second, side, axis)


def _centred(image: torch.Tensor, side: int, axis: int) -> torch.Tensor:
    if image.shape[axis] == side:
        return image
    shape = list(image.shape)
    shape[axis] = side
    result = image.new_zeros(shape)
    if image.shape[-1] == 4:
        result[..., 3] = 1.0
    start = (side - image.shape[axis]) // 2
    result.narrow(axis, start, image.shape[axis]).copy_(image)
    return result


def _gap(
    image: torch.Tensor, beside: bool, width: int, colour: tuple[float, float, float]
) -> torch.Tensor:
    channels = torch.tensor((*colour, 1.0))[: image.shape[-1]]
    batch, height, full = image.shape[:3]
    return channels.expand(batch, *((height, width) if beside else (width, full)), -1)
