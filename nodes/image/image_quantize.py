"""Reduces the colours of an image."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch

from engine.imaging.batch import with_channels
from engine.imaging.checks import check_image
from engine.imaging.convert import to_bytes
from engine.imaging.quantize import quantize
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image


@node("ImageQuantize", title="Image Quantize", category="image/postprocessing")
def image_quantize(
    image: Image,
    colors: Annotated[int, Number(1, 256, 1)] = 256,
    dither: Literal[
        "none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"
    ] = "none",
) -> Image:
    """Reduce an image to a few colours, chosen anew for each image of a batch.

    Args:
        colors: Colours that remain at most.
        dither: How missing tones are imitated: not at all, by spreading each pixel's error, or by
            an ordered pattern.
    """
    pixels = to_bytes(with_channels(check_image(image), 3))
    reduced = np.stack([quantize(item, colors, dither) for item in pixels])
    return torch.from_numpy(reduced.astype(np.float32)).div_(255.0)
