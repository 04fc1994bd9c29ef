"""CheckpointLoaderSimple."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Clip, Model, Vae
from nodes.loaders.clip_value import clip_of


class LoadedCheckpoint(NamedTuple):
    """What a checkpoint holds."""

    model: Model
    clip: Clip
    vae: Vae


@node("CheckpointLoaderSimple", category="loaders", title="Load Checkpoint")
def checkpoint_loader_simple(
    ckpt_name: Annotated[str, FileChoice("checkpoints")], context: NodeContext
) -> LoadedCheckpoint:
    """Load a checkpoint: one file with the diffusion model, the text encoder and the VAE.

    Files lie in models/checkpoints. Weights are read when a later node first needs them.

    Args:
        ckpt_name: The checkpoint file.
    """
    library = context.service(ModelLibrary)
    checkpoint = library.checkpoint(ckpt_name)
    clip = clip_of(library, checkpoint.clip_network)
    return LoadedCheckpoint(checkpoint.model, clip, checkpoint.vae)
