"""UNETLoader."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Model


@node("UNETLoader", category="advanced/loaders", title="Load Diffusion Model")
def unet_loader(
    unet_name: Annotated[str, FileChoice("diffusion_models")],
    weight_dtype: Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"],
    context: NodeContext,
) -> Model:
    """Load a diffusion model that lies in a file of its own, without text encoder and VAE.

    Args:
        unet_name: A file in models/diffusion_models.
        weight_dtype: How weights are kept in memory; only "default" is supported.
    """
    if weight_dtype != "default":
        raise InvalidValueError(
            'input "weight_dtype"', weight_dtype, '"default"', "8-bit weights are not supported."
        )
    return context.service(ModelLibrary).diffusion_model(unet_name)
