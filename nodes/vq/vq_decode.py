"""VQDecode and VQDecodeCode."""

from __future__ import annotations

from engine.imaging.checks import check_latent
from engine.registry.decorator import node
from engine.types import Image, Latent, Tokens, VqModel
from engine.vq.quantize import look_up


@node("VQDecode", category="vq", title="VQ Decode")
def vq_decode(vq_model: VqModel, tokens: Tokens) -> Image:
    """Turn token grids into pictures.

    Args:
        vq_model: The model whose codebook the tokens come from.
    """
    return vq_model.decode_codes(look_up(tokens, vq_model.codebook()))


@node("VQDecodeCode", category="vq", title="VQ Decode Continuous Code")
def vq_decode_code(vq_model: VqModel, latent: Latent) -> Image:
    """Turn continuous code into pictures without choosing tokens first, unlike VAE Decode.

    So the decoder sees codes between those of the codebook: blends, or what the encoder gave.
    """
    return vq_model.decode_codes(check_latent(latent, "latent"))
