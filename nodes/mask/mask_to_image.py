"""Shows a mask as a grey image."""

from __future__ import annotations

from engine.imaging.checks import check_mask
from engine.registry.decorator import node
from engine.types import Image, Mask


@node("MaskToImage", title="Convert Mask to Image", category="mask")
def mask_to_image(mask: Mask) -> Image:
    """Turn a mask into a grey image: 0 is black, 1 is white."""
    return check_mask(mask).unsqueeze(-1).repeat(1, 1, 1, 3)
