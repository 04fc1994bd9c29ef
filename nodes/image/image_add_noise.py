"""Adds noise to an image."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image

_MAX_SEED = 2**64 - 1


@node("ImageAddNoise", category="image")
def image_add_noise(
    image: Image,
    seed: Annotated[int, Number(0, _MAX_SEED, 1, control_after_generate=True)] = 0,
    strength: Annotated[float, Number(0.0, 1.0, 0.01)] = 0.5,
) -> Image:
    """Add normally distributed noise to an image, each channel on its own.

    Args:
        seed: The same seed gives the same noise.
        strength: Standard deviation of the noise; the image goes from 0 to 1.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(check_image(image).shape, generator=generator)
    return (image + strength * noise).clamp(0.0, 1.0)
