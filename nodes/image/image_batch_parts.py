"""Images in batches: repeat, pick and split them."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.errors import InvalidValueError
from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.registry.widgets import Input, Number, Output
from engine.types import Image


@node("RepeatImageBatch", category="image/batch")
def repeat_image_batch(image: Image, amount: Annotated[int, Number(1, 4096, 1)] = 1) -> Image:
    """Repeat a batch of images.

    Args:
        amount: How often the whole batch appears.
    """
    return check_image(image).repeat(amount, 1, 1, 1)


@node("ImageFromBatch", category="image/batch")
def image_from_batch(
    image: Image,
    batch_index: Annotated[int, Number(0, 4095, 1)] = 0,
    length: Annotated[int, Number(1, 4096, 1)] = 1,
) -> Image:
    """Take some images out of a batch.

    Args:
        batch_index: The first one to take, counted from 0.
        length: How many; fewer where the batch ends.
    """
    count = check_image(image).shape[0]
    if batch_index >= count:
        raise InvalidValueError(
            'input "batch_index"', batch_index, f"0 to {count - 1}, a place in the batch"
        )
    return image[batch_index : batch_index + length]


@node("RebatchImages", title="Rebatch Images", category="image/batch", list_input=True)
def rebatch_images(
    images: list[Image],
    batch_size: Annotated[list[int], Number(1, 4096, 1), Input(extra=(("default", 1),))],
) -> Annotated[list[Image], Output("IMAGE", is_list=True)]:
    """Split and join images into batches of a given size, in order.

    Args:
        images: A list of batches, all of one size.
        batch_size: Images in a batch; the last one may have fewer.
    """
    shape = check_image(images[0], "images").shape[1:]
    for batch in images:
        if check_image(batch, "images").shape[1:] != shape:
            raise InvalidValueError(
                'input "images"',
                tuple(batch.shape[1:]),
                f"images that are all {tuple(shape)} (height, width, channels)",
                "Scale them to one size first.",
            )
    return list(torch.split(torch.cat(images), batch_size[0]))
