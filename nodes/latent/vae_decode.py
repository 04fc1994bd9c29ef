"""VAEDecode and VAEDecodeTiled."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Latent, Vae


@node("VAEDecode", category="latent", title="VAE Decode")
def vae_decode(samples: Latent, vae: Vae) -> Image:
    """Turn latents back into pictures.

    Args:
        samples: The latents.
        vae: The VAE that belongs to the model the latents come from.
    """
    return vae.decode(samples["samples"])


@node("VAEDecodeTiled", category="_for_testing", title="VAE Decode (Tiled)")
def vae_decode_tiled(
    samples: Latent,
    vae: Vae,
    tile_size: Annotated[int, Number(64, 4096, step=32)] = 512,
    overlap: Annotated[int, Number(0, 4096, step=32)] = 64,
    temporal_size: Annotated[int, Number(8, 4096, step=4)] = 64,
    temporal_overlap: Annotated[int, Number(4, 4096, step=4)] = 8,
) -> Image:
    """Turn latents back into pictures tile by tile, which needs less memory for large ones.

    Args:
        samples: The latents.
        vae: The VAE that belongs to the model the latents come from.
        tile_size: Side of a tile in pixels.
        overlap: Pixels that neighbouring tiles share and blend over; a quarter of a tile at most.
        temporal_size: Frames decoded at once by video VAEs; pictures do not use it.
        temporal_overlap: Frames that are shared; pictures do not use it.
    """
    return vae.decode_tiled(samples["samples"], tile_size, min(overlap, tile_size // 4))
