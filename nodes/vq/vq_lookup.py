"""VQLookup."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.types import Codebook, Latent, Tokens
from engine.vq.quantize import look_up


@node("VQLookup", category="vq", title="VQ Look Up Codes")
def vq_lookup(tokens: Tokens, codebook: Codebook) -> Latent:
    """Replace each token by its code: a latent to blend, to sample on, or to decode.

    Save Latent keeps it as a file; VQ Quantize finds the same tokens again.
    """
    return {"samples": look_up(tokens, codebook)}
