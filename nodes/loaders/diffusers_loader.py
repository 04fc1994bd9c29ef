"""DiffusersLoader."""

from __future__ import annotations

from typing import Annotated

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from nodes.loaders.checkpoint_loader_simple import LoadedCheckpoint
from nodes.loaders.clip_value import clip_of


@node("DiffusersLoader", category="advanced/loaders/deprecated")
def diffusers_loader(
    model_path: Annotated[str, FileChoice("diffusers")], context: NodeContext
) -> LoadedCheckpoint:
    """Load a model that lies as a folder of its own, with subfolders unet, text_encoder and vae.

    Args:
        model_path: A folder in models/diffusers that holds a model_index.json.
    """
    library = context.service(ModelLibrary)
    checkpoint = library.diffusers_folder(model_path)
    clip = clip_of(library, checkpoint.clip_network)
    return LoadedCheckpoint(checkpoint.model, clip, checkpoint.vae)
