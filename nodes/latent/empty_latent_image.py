"""Makes the empty latent that text-to-image starts from."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.imaging.latents import PIXELS_PER_CELL
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent

_CHANNELS = 4  # Stable Diffusion's; samplers fit an empty latent to models with others


@node("EmptyLatentImage", title="Empty Latent Image", category="latent")
def empty_latent_image(
    width: Annotated[int, Number(16, 16384, 8)] = 512,
    height: Annotated[int, Number(16, 16384, 8)] = 512,
    batch_size: Annotated[int, Number(1, 4096, 1)] = 1,
) -> Latent:
    """Make empty latents, to be filled by a sampler.

    Args:
        width: Pixels of the picture to come.
        height: Pixels of the picture to come.
        batch_size: How many pictures to make at once.
    """
    cells = height // PIXELS_PER_CELL, width // PIXELS_PER_CELL
    return {
        "samples": torch.zeros(batch_size, _CHANNELS, *cells),
        "downscale_ratio_spacial": PIXELS_PER_CELL,
    }
