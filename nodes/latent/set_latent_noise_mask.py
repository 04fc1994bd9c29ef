"""Limits sampling to a part of a latent."""

from __future__ import annotations

from engine.imaging.checks import check_latent, check_mask
from engine.registry.decorator import node
from engine.types import Latent, Mask


@node("SetLatentNoiseMask", title="Set Latent Noise Mask", category="latent/inpaint")
def set_latent_noise_mask(samples: Latent, mask: Mask) -> Latent:
    """Let a sampler change only a part of a latent.

    Args:
        mask: 1 is painted anew, 0 is kept; of any size, it covers the whole picture.
    """
    check_latent(samples)
    result = samples.copy()
    result["noise_mask"] = check_mask(mask).unsqueeze(1)
    return result
