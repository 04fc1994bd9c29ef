"""CacheLatents."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.models.folders import inside
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number
from engine.training.data import Latents, Pictures
from engine.training.datasets.latents import cache_latents as cache
from engine.types import Vae
from nodes.image.result_files import folders


@node("CacheLatents", category="training/data", title="Encode Pictures for Training")
def cache_latents(
    pictures: Pictures,
    vae: Vae,
    context: NodeContext,
    variants: Annotated[int, Number(1, 4096)] = 1,
    seed: Annotated[int, Number(0, 2**63 - 1)] = 0,
    name: str = "datasets/latents",
) -> Latents:
    """Encode pictures once, so that a diffusion model trains without its first stage running.

    Args:
        variants: How many variations of each picture are encoded.
        seed: Decides the variations.
        name: File below the output folder that keeps the latents; it is read again as long as
            pictures, first stage and settings stay the same.
    """
    path = inside(folders(context).directory("output"), f"{name}.safetensors", "latent cache")
    path.parent.mkdir(parents=True, exist_ok=True)

    def encode(images: torch.Tensor) -> torch.Tensor:
        return vae.encode(((images + 1.0) / 2.0).permute(0, 2, 3, 1))

    return cache(path, pictures, encode, variants=variants, seed=seed, report=context.progress)
