"""VQModelFromVAE."""

from __future__ import annotations

from typing import NamedTuple

from engine.errors import InvalidValueError
from engine.models.vq import VqFirstStage
from engine.registry.decorator import node
from engine.types import Codebook, Vae, VqModel


class VqModelOfVae(NamedTuple):
    """A VQ model and its codebook."""

    vq_model: VqModel
    codebook: Codebook


@node("VQModelFromVAE", category="vq", title="VQ Model from VAE")
def vq_model_from_vae(vae: Vae) -> VqModelOfVae:
    """Take the VQ model out of a checkpoint, where it stands as the VAE.

    Args:
        vae: The VAE of a checkpoint whose first stage is a VQ autoencoder, such as the starter.
    """
    if not isinstance(vae, VqFirstStage):
        raise InvalidValueError(
            'input "vae"',
            type(vae).__name__,
            "a VQ autoencoder",
            "This one has no codebook; load a VQ model with VQModelLoader.",
        )
    return VqModelOfVae(vae, vae.codebook())
