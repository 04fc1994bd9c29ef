"""CheckpointLoader."""

from __future__ import annotations

from typing import Annotated

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from nodes.loaders.checkpoint_loader_simple import LoadedCheckpoint
from nodes.loaders.clip_value import clip_of


@node(
    "CheckpointLoader",
    category="advanced/loaders",
    title="Load Checkpoint With Config (DEPRECATED)",
    deprecated=True,
)
def checkpoint_loader(
    config_name: Annotated[str, FileChoice("configs")],
    ckpt_name: Annotated[str, FileChoice("checkpoints")],
    context: NodeContext,
) -> LoadedCheckpoint:
    """Load a checkpoint together with the .yaml file that came with it; kept for old workflows.

    Of the configuration only the kind of prediction is used, since the weights tell the rest.
    "Load Checkpoint" needs no configuration.

    Args:
        config_name: The configuration, from models/configs.
        ckpt_name: The checkpoint file.
    """
    library = context.service(ModelLibrary)
    checkpoint = library.checkpoint(ckpt_name)
    prediction = library.configured_prediction(config_name)
    model = checkpoint.model.with_settings(prediction=prediction)
    return LoadedCheckpoint(model, clip_of(library, checkpoint.clip_network), checkpoint.vae)
