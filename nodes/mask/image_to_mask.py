"""Takes one channel of an image as a mask."""

from __future__ import annotations

from typing import Literal

from engine.errors import InvalidValueError
from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.types import Image, Mask

_CHANNELS = ("red", "green", "blue", "alpha")


@node("ImageToMask", title="Convert Image to Mask", category="mask")
def image_to_mask(image: Image, channel: Literal["red", "green", "blue", "alpha"]) -> Mask:
    """Take one channel of an image as a mask, value for value.

    Args:
        channel: "alpha" needs an image with transparency; it is taken as it is, 1 = opaque.
    """
    index = _CHANNELS.index(channel)
    channels = check_image(image).shape[-1]
    if index >= channels:
        raise InvalidValueError(
            'input "channel"', channel, f"one of the image's {channels} channels"
        )
    return image[..., index].clone()
