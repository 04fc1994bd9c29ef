"""VAEEncode, VAEEncodeTiled and VAEEncodeForInpaint."""

from __future__ import annotations

from typing import Annotated

import torch
from torch.nn.functional import interpolate, max_pool2d, pad

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Latent, Mask, Vae


@node("VAEEncode", category="latent", title="VAE Encode")
def vae_encode(pixels: Image, vae: Vae) -> Latent:
    """Turn pictures into latents, as a start for sampling.

    Args:
        pixels: The pictures; cropped around the centre to multiples of the latent cell (8 pixels).
        vae: The VAE that belongs to the model which will use the latents.
    """
    return {"samples": vae.encode(pixels)}


@node("VAEEncodeTiled", category="_for_testing", title="VAE Encode (Tiled)")
def vae_encode_tiled(
    pixels: Image,
    vae: Vae,
    tile_size: Annotated[int, Number(64, 4096, step=64)] = 512,
    overlap: Annotated[int, Number(0, 4096, step=32)] = 64,
    temporal_size: Annotated[int, Number(8, 4096, step=4)] = 64,
    temporal_overlap: Annotated[int, Number(4, 4096, step=4)] = 8,
) -> Latent:
    """Turn pictures into latents tile by tile, which needs less memory for large ones.

    Args:
        pixels: The pictures.
        vae: The VAE that belongs to the model which will use the latents.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share and blend over; a quarter of a tile at most.
        temporal_size: Frames encoded at once by video VAEs; pictures do not use it.
        temporal_overlap: Frames that are shared; pictures do not use it.
    """
    return {"samples": vae.encode_tiled(pixels, tile_size, min(overlap, tile_size // 4))}


@node("VAEEncodeForInpaint", category="latent/inpaint", title="VAE Encode (for Inpainting)")
def vae_encode_for_inpaint(
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Number(0, 64, step=1)] = 6,
) -> Latent:
    """Turn pictures into latents with the masked area blanked, for filling it anew.

    What lies under the mask becomes grey before encoding, so nothing of it shines through.

    Args:
        pixels: The pictures.
        vae: The VAE that belongs to the model which will use the latents.
        mask: The area to fill; scaled to the pictures.
        grow_mask_by: Pixels by which the area to sample grows, so that seams blend.
    """
    height, width = (side - side % vae.downscale for side in pixels.shape[1:3])
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    area = mask.reshape(-1, 1, *mask.shape[-2:])
    area = interpolate(area, size=tuple(pixels.shape[1:3]), mode="bilinear").round()
    area = area[:, :, top : top + height, left : left + width]
    visible = 1 - area.movedim(1, -1)
    kept = pixels[:, top : top + height, left : left + width, :3]
    blanked = (kept - 0.5) * visible + 0.5
    return {"samples": vae.encode(blanked), "noise_mask": _grown(area, grow_mask_by)}


def _grown(area: torch.Tensor, size: int) -> torch.Tensor:
    """Return a 0/1 mask (B, 1, H, W) spread over windows of `size` pixels."""
    if size <= 1:
        return area
    before = size // 2
    after = size - 1 - before
    return max_pool2d(pad(area, (before, after, before, after)), size, stride=1)
