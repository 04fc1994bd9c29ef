"""InpaintModelConditioning: what models made for inpainting see besides the prompt."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch.nn.functional import interpolate

from engine.registry.decorator import node
from engine.registry.widgets import Output
from engine.text.conditioning import with_values
from engine.types import Conditioning, Image, Latent, Mask, Vae


class InpaintOutputs(NamedTuple):
    """Both prompts with the picture attached, and its latent."""

    positive: Conditioning
    negative: Conditioning
    latent: Annotated[Latent, Output("latent")]


@node("InpaintModelConditioning", category="conditioning/inpaint")
def inpaint_model_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: bool = True,
) -> InpaintOutputs:
    """Show an inpainting model the picture around the masked area.

    For checkpoints made for inpainting: their network takes the mask and the picture with the
    masked area blanked as further inputs.

    Args:
        positive: What the picture shall show.
        negative: What it shall not show.
        vae: The VAE of the checkpoint.
        pixels: The picture; cropped around the centre to multiples of the latent cell (8 pixels).
        mask: The area to fill; scaled to the picture.
        noise_mask: Also keeps everything outside the mask as it was; off lets the model touch up
            the whole picture.
    """
    height, width = (side - side % vae.downscale for side in pixels.shape[1:3])
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    area = mask.reshape(-1, 1, *mask.shape[-2:])
    area = interpolate(area, size=tuple(pixels.shape[1:3]), mode="bilinear")
    area = area[:, :, top : top + height, left : left + width]
    kept = pixels[:, top : top + height, left : left + width, :3]
    seen = {"concat_latent_image": vae.encode(_blanked(kept, area)), "concat_mask": area}
    latent: Latent = {"samples": vae.encode(kept)}
    if noise_mask:
        latent["noise_mask"] = area
    return InpaintOutputs(with_values(positive, **seen), with_values(negative, **seen), latent)


def _blanked(image: torch.Tensor, area: torch.Tensor) -> torch.Tensor:
    """Return the image with grey where the mask (B, 1, H, W) is over one half."""
    visible = 1 - area.round().movedim(1, -1)
    return (image - 0.5) * visible + 0.5
