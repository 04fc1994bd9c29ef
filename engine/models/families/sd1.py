"""Stable Diffusion 1.x: single files in the LDM layout, split files and diffusers folders.

Source: CompVis/stable-diffusion `configs/stable-diffusion/v1-inference.yaml`. Weights under
`model_ema.` (an average kept for further training) are not used: files made for inference have
the average under the plain names already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from engine.errors import FileFormatError
from engine.models.component import Component
from engine.models.controlnet import ControlNet
from engine.models.families import clip_text, control, kl, unet, vq
from engine.models.families.config import FileConfig, read_config
from engine.models.families.naming import Shapes, below
from engine.models.model import DiffusionNetworkModel
from engine.models.reading import WeightFile
from engine.models.residency import Residency
from engine.models.text_network import ClipTextNetwork
from engine.models.vae import FirstStage, KlAutoencoder
from engine.models.vq import VqFirstStage
from engine.types import LatentFormat, NoiseSchedule, Prediction

UNET_PREFIX: Final = "model.diffusion_model."
VAE_PREFIX: Final = "first_stage_model."
TEXT_PREFIX: Final = "cond_stage_model.transformer."
CONTROL_PREFIX: Final = "control_model."
UNET_HEADS: Final = 8
SCALE_FACTOR: Final = 0.18215
# Linear fit of SD 1.x latents to colours; source: Hugging Face forum, "Decoding latents to RGB
# without upscaling" (thread 23204), factors for v1.4.
_PREVIEW_RGB: Final = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
LATENTS: Final = LatentFormat(scale=SCALE_FACTOR, rgb=_PREVIEW_RGB)
"""The latent space of the published checkpoints."""
_ACTIVATION_TENSORS: Final = 56  # of the finest level's size; measured: 53 at 512×512
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Part:
    """One network's weights in a file: name without prefix -> name in the file."""

    names: dict[str, str]
    shapes: dict[str, tuple[int, ...]]


def diffusion_model(source: WeightFile, key: str, residency: Residency) -> DiffusionNetworkModel:
    """Describe the UNet of a checkpoint or of a file that holds it alone, LDM or diffusers names.

    Raises: FileFormatError.
    """
    part = _part(source, UNET_PREFIX)
    config = read_config(source.path, source.metadata)
    shape = _inferred(source, "diffusion model", unet.read_shape, part.shapes)
    ldm = "input_blocks.0.0.weight" in part.names
    names = unet.ldm_names(part.names, shape) if ldm else part.names
    build = partial(unet.build, shape, config.unet_heads or UNET_HEADS, config.unet_norm_groups)
    finest = shape.levels[0].width
    return DiffusionNetworkModel(
        component=Component(f"{key} unet", "diffusion model", source, names, build),
        residency=residency,
        prediction=Prediction(config.prediction or "eps"),
        schedule=NoiseSchedule(zero_terminal_snr=config.zero_terminal_snr),
        latent_format=_latent_format(config, shape.out_channels, source),
        input_channels=shape.in_channels,
        context_width=shape.context_width,
        activation_bytes=partial(_activation_bytes, finest),
    )


def autoencoder(source: WeightFile, key: str, residency: Residency) -> FirstStage:
    """Describe the VAE of a checkpoint or of a file that holds it alone, LDM or diffusers names.

    Raises: FileFormatError.
    """
    if has_codebook(source):
        return vq_autoencoder(source, key, residency)
    part = _part(source, VAE_PREFIX)
    config = read_config(source.path, source.metadata)
    shape = _inferred(source, "VAE", kl.read_shape, part.shapes)
    build = partial(kl.build, shape, config.vae_norm_groups)
    names = kl.network_names(part.names, shape)
    return KlAutoencoder(
        component=Component(f"{key} vae", "VAE", source, names, build),
        residency=residency,
        downscale=shape.downscale,
        latent_channels=shape.latent_channels,
        image_channels=shape.image_channels,
        width=shape.widths[min(1, len(shape.widths) - 1)],
    )


def has_codebook(source: WeightFile) -> bool:
    """Whether the autoencoder in a file is a VQ one."""
    return vq.is_vq(_part(source, VAE_PREFIX).names)


def vq_autoencoder(source: WeightFile, key: str, residency: Residency) -> VqFirstStage:
    """Describe the VQ autoencoder of a checkpoint or of a file that holds it alone.

    In the layout of taming-transformers, latent diffusion or diffusers.

    Raises: FileFormatError.
    """
    part = _part(source, VAE_PREFIX)
    config = read_config(source.path, source.metadata)
    shape = _inferred(source, "VQ autoencoder", vq.read_shape, part.shapes)
    widths = shape.halves.widths
    names = vq.network_names(part.names, shape)
    logits = [part.names[name] for name in vq.GUMBEL_LOGITS] if shape.gumbel else []
    build = partial(vq.build, shape, config.vae_norm_groups)
    return VqFirstStage(
        component=Component(f"{key} vae", "VQ autoencoder", source, names, build),
        residency=residency,
        downscale=shape.halves.downscale,
        latent_channels=shape.width,
        image_channels=shape.halves.image_channels,
        width=widths[min(1, len(widths) - 1)],
        codes=names[vq.CODES],
        logits=tuple(logits),
    )


def text_network(source: WeightFile, key: str, residency: Residency) -> ClipTextNetwork:
    """Describe the text network of a checkpoint or of a file that holds it alone.

    Raises: FileFormatError.
    """
    part = _part(source, TEXT_PREFIX)
    config = read_config(source.path, source.metadata)
    names = clip_text.inner_names(part.names)
    shapes = {name: source.tensors[full].shape for name, full in names.items()}
    shape = _inferred(source, "text encoder", clip_text.read_shape, shapes)
    build = partial(clip_text.build, shape, config.clip_heads or shape.usual_heads)
    return ClipTextNetwork(
        component=Component(f"{key} clip", "text encoder", source, names, build),
        residency=residency,
        width=shape.width,
        layers=shape.layers,
        max_tokens=min(config.clip_tokens or shape.positions, shape.positions),
        vocabulary=shape.vocabulary,
    )


def controlnet(source: WeightFile, key: str, residency: Residency) -> ControlNet:
    """Describe a ControlNet, with or without the checkpoint around it, LDM or diffusers names.

    Raises: FileFormatError.
    """
    part = _part(source, CONTROL_PREFIX)
    config = read_config(source.path, source.metadata)
    shape = _inferred(source, "ControlNet", control.read_shape, part.shapes)
    heads, groups = config.unet_heads or UNET_HEADS, config.unet_norm_groups
    # No weight says so, only the published names: control_v11e_sd15_shuffle and its fp16 copy.
    pooled = source.path.stem.removesuffix("_fp16").endswith("_shuffle")
    build = partial(control.build, shape, heads, groups, pooled)
    names = control.network_names(part.names, shape)
    return ControlNet(
        component=Component(f"{key} controlnet", "ControlNet", source, names, build),
        residency=residency,
        input_channels=shape.encoder.in_channels,
        context_width=shape.encoder.context_width,
        hint_channels=shape.hint_channels,
        downscale=shape.downscale,
        activation_bytes=partial(_activation_bytes, shape.encoder.levels[0].width),
    )


def _part(source: WeightFile, prefix: str) -> _Part:
    names = below(source, prefix) or {name: name for name in source}
    return _Part(names, {name: source.tensors[full].shape for name, full in names.items()})


def _inferred(
    source: WeightFile,
    label: str,
    read: Callable[[Shapes], T],
    shapes: Mapping[str, tuple[int, ...]],
) -> T:
    try:
        return read(shapes)
    except KeyError as error:
        problem = f'its {label} lacks the weight "{error.args[0]}"'
        raise FileFormatError(source.path, problem) from error
    except (ValueError, IndexError) as error:
        raise FileFormatError(source.path, f"its {label} has no known shape: {error}") from error


def _latent_format(config: FileConfig, channels: int, source: WeightFile) -> LatentFormat:
    quantised = vq.is_vq(below(source, VAE_PREFIX))  # an autoencoder elsewhere says nothing
    usual = config.scale_factor is None and channels == len(_PREVIEW_RGB) and not quantised
    *rows, bias = config.preview_rgb or [(0.0, 0.0, 0.0)]
    if rows and len(rows) != channels:
        problem = f'its "preview_rgb" has {len(rows) + 1} rows, expected {channels + 1}'
        raise FileFormatError(source.path, problem)
    return LatentFormat(
        channels=channels,
        # Codes are used as they are: arXiv:2112.10752, appendix G.
        scale=config.scale_factor or (1.0 if quantised else SCALE_FACTOR),
        rgb=tuple(rows) or (_PREVIEW_RGB if usual else None),
        rgb_bias=bias,
    )


def _activation_bytes(width: int, batch_shape: tuple[int, ...]) -> int:
    batch, _, height, width_cells = batch_shape
    return batch * height * width_cells * width * 4 * _ACTIVATION_TENSORS
