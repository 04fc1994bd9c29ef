"""Resizes latents."""

from __future__ import annotations

from typing import Annotated

from engine.imaging.checks import check_latent
from engine.imaging.latents import (
    PIXELS_PER_CELL,
    mask_in_pixels,
    with_mapped_mask,
    with_samples,
)
from engine.imaging.resize import Crop, LatentMethod, crop_to_aspect, resize, size_with_aspect
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent

_MIN_PIXELS = 64


@node("LatentUpscale", title="Upscale Latent", category="latent")
def latent_upscale(
    samples: Latent,
    upscale_method: LatentMethod,
    width: Annotated[int, Number(0, 16384, 8)] = 512,
    height: Annotated[int, Number(0, 16384, 8)] = 512,
    crop: Crop = "disabled",
) -> Latent:
    """Resize a latent to the size of a picture in pixels; sides below 64 pixels become 64.

    Args:
        upscale_method: "bislerp" keeps the contrast of the latent best.
        width: Pixels; 0 follows from the height, and with both 0 nothing changes.
        height: Pixels; 0 follows from the width.
        crop: "center" cuts the latent to the new aspect ratio instead of stretching it.
    """
    have = check_latent(samples)
    if width == 0 and height == 0:
        return samples
    size = have.shape[-1] * PIXELS_PER_CELL, have.shape[-2] * PIXELS_PER_CELL
    width, height = (max(_MIN_PIXELS, side) for side in size_with_aspect(size, width, height))
    cells = width // PIXELS_PER_CELL, height // PIXELS_PER_CELL
    resized = resize(have, *cells, upscale_method, crop)
    if crop == "disabled":
        return with_samples(samples, resized)  # a mask of any size covers the same picture
    return with_mapped_mask(
        samples, resized, lambda mask: crop_to_aspect(mask_in_pixels(mask, have), width, height)
    )


@node("LatentUpscaleBy", title="Upscale Latent By", category="latent")
def latent_upscale_by(
    samples: Latent,
    upscale_method: LatentMethod,
    scale_by: Annotated[float, Number(0.01, 8.0, 0.01)] = 1.5,
) -> Latent:
    """Resize a latent by a factor.

    Args:
        upscale_method: "bislerp" keeps the contrast of the latent best.
        scale_by: Factor for both sides.
    """
    have = check_latent(samples)
    height, width = (max(1, round(size * scale_by)) for size in have.shape[-2:])
    return with_samples(samples, resize(have, width, height, upscale_method))
