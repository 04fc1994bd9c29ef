"""Latent spaces of the model families the engine knows."""

from __future__ import annotations

from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.sampling_facts import LatentFormatFacts as LatentFormat
from engine.models.families.sd1 import LATENTS

__all__ = ["SD15", "LatentFormat"]
__getattr__ = unoffered(__name__)


class SD15(LatentFormat):
    """Stable Diffusion 1.x."""

    def __init__(self) -> None:
        super().__init__(LATENTS)
