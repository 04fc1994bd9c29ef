"""ControlNetLoader."""

from __future__ import annotations

from typing import Annotated

from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import ControlNet


@node(
    "ControlNetLoader",
    category="loaders",
    title="Load ControlNet Model",
    replaces={"T2IAdapterLoader": {}},
)
def control_net_loader(
    control_net_name: Annotated[str, FileChoice("controlnet")], context: NodeContext
) -> ControlNet:
    """Load a ControlNet, which makes pictures follow a drawing, a depth map, a pose and the like.

    Each one understands one kind of picture and belongs to one kind of model; those for Stable
    Diffusion 1.x can be loaded.

    Args:
        control_net_name: A file in models/controlnet.
    """
    return context.service(ModelLibrary).controlnet(control_net_name)
