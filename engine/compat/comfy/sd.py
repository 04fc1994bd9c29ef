"""Model files, VAE and CLIP values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from engine.compat.host import current
from engine.compat.hosting.lora import lora_of
from engine.compat.hosting.missing import NotOfferedError, unoffered
from engine.compat.hosting.model import ModelPatcher, native_model
from engine.compat.hosting.vae import VAE
from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.models.text_network import ClipTextNetwork
from engine.text.clip import Clip
from nodes.loaders.clip_value import clip_of

__all__ = [
    "CLIP",
    "VAE",
    "CLIPType",
    "load_checkpoint_guess_config",
    "load_clip",
    "load_diffusion_model",
    "load_lora_for_models",
    "load_unet",
]
__getattr__ = unoffered(__name__)

CLIP = Clip


class CLIPType(Enum):
    """Which family a text encoder is for."""

    STABLE_DIFFUSION = 1


def load_checkpoint_guess_config(
    ckpt_path: str | Path,
    output_vae: bool = True,
    output_clip: bool = True,
    output_clipvision: bool = False,
    embedding_directory: Any = None,
    output_model: bool = True,
    **more: Any,
) -> tuple[ModelPatcher | None, Clip | None, VAE | None, None]:
    """Open a checkpoint: (model, clip, vae, clip_vision); what is not asked for is None.

    Raises: FileFormatError; NotOfferedError, for a CLIP vision model.
    """
    if output_clipvision:
        raise NotOfferedError("load_checkpoint_guess_config(output_clipvision=True)")
    library = current().service(ModelLibrary)
    checkpoint = library.checkpoint_at(Path(ckpt_path))
    return (
        ModelPatcher(checkpoint.model) if output_model else None,
        clip_of(library, checkpoint.clip_network) if output_clip else None,
        VAE(checkpoint.vae) if output_vae else None,
        None,
    )


def load_diffusion_model(
    unet_path: str | Path, model_options: Mapping[str, Any] | None = None
) -> ModelPatcher:
    """Open a diffusion model file. Raises: FileFormatError; NotOfferedError, for options."""
    if model_options:
        raise NotOfferedError(f"load_diffusion_model with {sorted(model_options)}")
    return ModelPatcher(current().service(ModelLibrary).diffusion_model_at(Path(unet_path)))


load_unet = load_diffusion_model


def load_clip(
    ckpt_paths: Sequence[str | Path],
    embedding_directory: Any = None,
    clip_type: CLIPType = CLIPType.STABLE_DIFFUSION,
    model_options: Mapping[str, Any] | None = None,
) -> Clip:
    """Open a text encoder file. Raises: FileFormatError; NotOfferedError, for several files."""
    if len(ckpt_paths) != 1:
        raise NotOfferedError(f"load_clip of {len(ckpt_paths)} files")
    library = current().service(ModelLibrary)
    return clip_of(library, library.text_encoder_at(Path(ckpt_paths[0])))


def load_lora_for_models(
    model: Any,
    clip: Clip | None,
    lora: Mapping[str, torch.Tensor],
    strength_model: float,
    strength_clip: float,
) -> tuple[ModelPatcher | None, Clip | None]:
    """Change a model and a text encoder by the tensors of a LoRA file; either may be None.

    Raises: FileFormatError, when the tensors are no LoRA.
    """
    read = lora_of(lora)
    if model is not None:
        native = native_model(model)
        patch = read.unet_patch(native.component, strength_model)
        model = ModelPatcher(native.with_patches([patch]))
    if clip is not None:
        network = clip.network
        if not isinstance(network, ClipTextNetwork):
            raise InvalidValueError("clip", type(clip).__name__, "a loaded CLIP text encoder")
        text_patch = read.text_patch(network.component, strength_clip)
        clip = clip.with_network(network.with_patches([text_patch]))
    return model, clip
