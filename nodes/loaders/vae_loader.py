"""VAELoader."""

from __future__ import annotations

from typing import Annotated

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Vae


@node("VAELoader", category="loaders", title="Load VAE")
def vae_loader(vae_name: Annotated[str, FileChoice("vae")], context: NodeContext) -> Vae:
    """Load a VAE, which turns pictures into latents and back, to use instead of a model's own.

    Args:
        vae_name: A file in models/vae.
    """
    return context.service(ModelLibrary).vae(vae_name)
