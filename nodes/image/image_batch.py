"""Joins two batches of images."""

from __future__ import annotations

import torch

from engine.imaging.batch import same_channels
from engine.imaging.checks import check_image
from engine.imaging.resize import resize_image
from engine.registry.decorator import node
from engine.types import Image


@node("ImageBatch", title="Batch Images", category="image")
def image_batch(image1: Image, image2: Image) -> Image:
    """Put the images of two batches into one, the first ones first.

    Args:
        image2: Brought to the size of `image1`, cut at the sides where the aspect ratios differ.
    """
    height, width = check_image(image1, "image1").shape[1:3]
    second = resize_image(check_image(image2, "image2"), width, height, "bilinear", "center")
    return torch.cat(same_channels(image1, second))
