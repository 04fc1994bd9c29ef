"""CheckpointSave."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO, TypeVar

import torch

from engine.errors import InvalidValueError
from engine.models.families.config import RESOLUTION_KEY, FileConfig, read_config
from engine.models.model import DiffusionNetworkModel
from engine.models.text_network import ClipTextNetwork
from engine.models.vae import FirstStage
from engine.models.vq import VqFirstStage
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.text.clip import Clip as ClipValue
from engine.text.tokenizer import METADATA_KEY
from engine.training.ldm_layout import (
    checkpoint_bytes,
    first_stage_tensors,
    text_tensors,
    unet_tensors,
)
from engine.types import Clip, Model, Prediction, Ui, Vae
from nodes.image.result_files import ResultFolder, texts

T = TypeVar("T")


@node("CheckpointSave", category="advanced/model_merging", title="Save Checkpoint", output=True)
async def checkpoint_save(
    model: Model,
    clip: Clip,
    vae: Vae,
    context: NodeContext,
    filename_prefix: str = "checkpoints/ComfyUI",
) -> Ui:
    """Save a model, its text encoder and its VAE as one checkpoint in the output folder.

    Weights are stored in half precision, with all that patches such as LoRAs have changed. Files
    in output/checkpoints are offered by the checkpoint loaders.

    Args:
        filename_prefix: Start of the file name; may name subfolders.
    """
    unet = _own(model, DiffusionNetworkModel, "model")
    text = _own(_own(clip, ClipValue, "clip").network, ClipTextNetwork, "clip")
    stage = storable_first_stage(vae)
    folder = ResultFolder.of(context, "output", filename_prefix)
    embedded = texts(context)

    def write() -> None:
        content = _checkpoint(unet, text, stage, embedded)

        def put(file: BinaryIO) -> None:
            file.write(content)

        folder.write(".safetensors", put)

    await asyncio.to_thread(write)
    return Ui()


def storable_first_stage(vae: object) -> FirstStage:
    """Return a VAE whose weights the LDM layout can hold. Raises: InvalidValueError."""
    stage = _own(vae, FirstStage, "vae")  # type: ignore[type-abstract]  # only compared with
    if isinstance(stage, VqFirstStage) and stage.logits:
        expected = "a first stage whose tokens are the nearest codes"
        raise InvalidValueError('input "vae"', "one trained with Gumbel noise", expected)
    return stage


def _own(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise InvalidValueError(
            f'input "{name}"', type(value).__name__, "a value made by Tessera's own nodes"
        )
    return value


def _checkpoint(
    model: DiffusionNetworkModel, text: ClipTextNetwork, vae: FirstStage, metadata: dict[str, str]
) -> bytes:
    parts: list[dict[str, torch.Tensor]] = []
    for holder, patches, tensors_of in (
        (model, model.patches, unet_tensors),
        (vae, (), first_stage_tensors),
        (text, text.patches, text_tensors),
    ):
        with holder.residency.use(holder.component, patches, dtype=torch.float32) as network:
            tensors = tensors_of(network)
            parts.append({name: _half(name, tensor) for name, tensor in tensors.items()})
    kept = {
        key: source.metadata[key]
        for key, source in (
            (RESOLUTION_KEY, model.component.source),
            (METADATA_KEY, text.component.source),
        )
        if key in source.metadata
    }
    return checkpoint_bytes(parts, config=_config(model, text, vae), metadata={**metadata, **kept})


def _half(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy in half precision. Raises: InvalidValueError, for weights too large for it."""
    half = tensor.to("cpu", torch.float16)
    if not bool(half.isfinite().all()):
        largest = float(tensor.abs().max())
        raise InvalidValueError(f'weight "{name}"', largest, "at most 65504, to be stored in half")
    return half


def _config(model: DiffusionNetworkModel, text: ClipTextNetwork, vae: FirstStage) -> FileConfig:
    """Return what the three files say that weights cannot say, and what nodes have set since."""
    of_model, of_text, of_vae = (
        read_config(part.component.source.path, part.component.source.metadata)
        for part in (model, text, vae)
    )
    latents = model.latent_format
    return FileConfig(
        unet_heads=of_model.unet_heads,
        unet_norm_groups=of_model.unet_norm_groups,
        vae_norm_groups=of_vae.vae_norm_groups,
        clip_heads=of_text.clip_heads,
        clip_tokens=of_text.clip_tokens,
        prediction=_PREDICTIONS[model.prediction],
        scale_factor=latents.scale,
        preview_rgb=None if latents.rgb is None else [*latents.rgb, latents.rgb_bias],
        zero_terminal_snr=model.schedule.zero_terminal_snr,
    )


_PREDICTIONS: dict[Prediction, Any] = {
    Prediction.EPS: "eps",
    Prediction.V: "v_prediction",
    Prediction.X0: "x0",
}
