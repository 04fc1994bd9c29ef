"""LoraLoader and LoraLoaderModelOnly."""

from __future__ import annotations

import logging
from typing import Annotated, NamedTuple

from engine.errors import FileFormatError, InvalidValueError
from engine.models.library import ModelLibrary
from engine.models.lora import Lora, LoraPatch
from engine.models.model import DiffusionNetworkModel
from engine.models.text_network import ClipTextNetwork
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice, Number
from engine.text.clip import Clip as TextClip
from engine.types import Clip, Model

_log = logging.getLogger(__name__)

Strength = Annotated[float, Number(-100, 100, step=0.01)]


class LoraOutputs(NamedTuple):
    """The changed model and text encoder."""

    model: Model
    clip: Clip


@node("LoraLoader", category="loaders", title="Load LoRA")
def lora_loader(
    model: Model,
    clip: Clip,
    lora_name: Annotated[str, FileChoice("loras")],
    context: NodeContext,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> LoraOutputs:
    """Change a model and its text encoder with a LoRA, for instance towards a style.

    Several LoRAs may follow each other. The weights of the model file stay as they are.

    Args:
        model: The diffusion model to change.
        clip: The text encoder to change.
        lora_name: A file in models/loras.
        strength_model: How strongly the diffusion model changes; 0 not at all, negative inverts.
        strength_clip: How strongly the text encoder changes.
    """
    if strength_model == 0 and strength_clip == 0:
        return LoraOutputs(model, clip)
    lora = context.service(ModelLibrary).lora(lora_name)
    unet_patch = lora.unet_patch(_network_model(model).component, strength_model)
    text_patch = lora.text_patch(_network(clip).component, strength_clip)
    _report(lora, [unet_patch, text_patch], lora.unmatched([unet_patch, text_patch]))
    return LoraOutputs(_patch_model(model, unet_patch), _patch_clip(clip, text_patch))


@node("LoraLoaderModelOnly", category="loaders")
def lora_loader_model_only(
    model: Model,
    lora_name: Annotated[str, FileChoice("loras")],
    context: NodeContext,
    strength_model: Strength = 1.0,
) -> Model:
    """Change a diffusion model with a LoRA and leave the text encoder as it is.

    Args:
        model: The diffusion model to change.
        lora_name: A file in models/loras.
        strength_model: How strongly it changes; 0 not at all, negative inverts.
    """
    if strength_model == 0:
        return model
    lora = context.service(ModelLibrary).lora(lora_name)
    patch = lora.unet_patch(_network_model(model).component, strength_model)
    _report(lora, [patch], [n for n in lora.unmatched([patch]) if not Lora.is_for_text(n)])
    return _patch_model(model, patch)


def _patch_model(model: Model, patch: LoraPatch) -> Model:
    unchanged = patch.strength == 0 or not patch.modules
    return model if unchanged else _network_model(model).with_patches([patch])


def _patch_clip(clip: Clip, patch: LoraPatch) -> Clip:
    if patch.strength == 0 or not patch.modules or not isinstance(clip, TextClip):
        return clip
    return clip.with_network(_network(clip).with_patches([patch]))


def _network_model(model: Model) -> DiffusionNetworkModel:
    if not isinstance(model, DiffusionNetworkModel):
        raise InvalidValueError('input "model"', type(model).__name__, "a loaded diffusion model")
    return model


def _network(clip: Clip) -> ClipTextNetwork:
    network = getattr(clip, "network", None)
    if not isinstance(network, ClipTextNetwork):
        raise InvalidValueError('input "clip"', type(clip).__name__, "a loaded CLIP text encoder")
    return network


def _report(lora: Lora, patches: list[LoraPatch], unmatched: list[str]) -> None:
    """Say which parts of a LoRA find no place. Raises: FileFormatError, when none does."""
    path, total = lora.source.path, len(lora.modules)
    if not any(patch.modules for patch in patches):
        raise FileFormatError(
            path, f"none of its {total} parts fits", "It was made for another kind of model."
        )
    if unmatched:
        _log.warning(
            "LoRA %s: %d parts (of %d) find no place in this model and are left out, such as %s.",
            path.name, len(unmatched), total, ", ".join(unmatched[:3]),
        )  # fmt: skip
