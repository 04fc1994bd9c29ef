"""Inverts colours."""

from __future__ import annotations

import torch

from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.types import Image


@node("ImageInvert", title="Invert Image", category="image")
def image_invert(image: Image) -> Image:
    """Turn an image into its negative: 1 - colour. Transparency is kept."""
    inverted = 1.0 - check_image(image)
    return torch.cat((inverted[..., :3], image[..., 3:]), dim=-1)
