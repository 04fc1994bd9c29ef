"""VQEncode."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.types import Image, Latent, VqModel


@node("VQEncode", category="vq", title="VQ Encode")
def vq_encode(vq_model: VqModel, image: Image) -> Latent:
    """Turn pictures into continuous code: what the encoder sees, before tokens are chosen.

    Args:
        image: The pictures; cropped around the centre to multiples of the model's cell.
    """
    return {"samples": vq_model.encode(image)}
