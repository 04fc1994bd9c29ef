"""VQModelLoader."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Codebook, Vae, VqModel


class LoadedVqModel(NamedTuple):
    """A VQ model, its codebook, and the same model to use as a VAE."""

    vq_model: VqModel
    codebook: Codebook
    vae: Vae


@node("VQModelLoader", category="vq", title="Load VQ Model")
def vq_model_loader(
    vq_name: Annotated[str, FileChoice("vqgan")], context: NodeContext
) -> LoadedVqModel:
    """Load a VQ autoencoder (VQGAN), which turns pictures into grids of tokens and back.

    Takes files of taming-transformers, latent diffusion and diffusers, Gumbel ones as well. As a
    VAE it serves the diffusion models that were trained on its codes.

    Args:
        vq_name: A file in models/vqgan or models/vae.
    """
    model = context.service(ModelLibrary).vq_model(vq_name)
    return LoadedVqModel(model, model.codebook(), model)
