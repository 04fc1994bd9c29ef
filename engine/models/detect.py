"""Says what a weight file holds, from the names of its weights."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import FileFormatError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of weight file.

    Attributes:
        code: "sd1", "vae", "lora" …
        label: What to call it in a message.
        marks: Weight names (prefix or suffix, with `*` at the open end) all of which it has.
        loader: The node that loads it; "" when none does yet.
        folder: The model folder it belongs into.
    """

    code: str
    label: str
    marks: tuple[str, ...]
    loader: str = ""
    folder: str = ""


_UNET: Final = "model.diffusion_model."
KINDS: Final = (
    Kind("sdxl", "an SDXL checkpoint", ("conditioner.embedders.1.*",), folder="checkpoints"),
    Kind("sdxl", "an SDXL refiner", ("conditioner.embedders.0.model.*",), folder="checkpoints"),
    Kind(
        "sd2", "a Stable Diffusion 2.x checkpoint", ("cond_stage_model.model.*",),
        folder="checkpoints",
    ),
    Kind("sd3", "a Stable Diffusion 3 model", ("*joint_blocks.0.x_block.attn.qkv.weight",)),
    Kind("flux", "a Flux model", ("*double_blocks.0.img_attn.qkv.weight",),
         folder="diffusion_models"),
    Kind("flux", "a Flux model", ("*single_transformer_blocks.0.attn.to_q.weight",),
         folder="diffusion_models"),
    # Before checkpoints: the first ones were published with the model around them.
    Kind("control_lora", "a Control-LoRA", ("lora_controlnet",), folder="controlnet"),
    Kind("control_diff", "a ControlNet stored as a difference", ("difference",),
         folder="controlnet"),
    Kind("control_union", "a union ControlNet for SDXL", ("task_embedding",), folder="controlnet"),
    Kind("control_sdxl", "a ControlNet for SDXL",
         ("*input_hint_block.0.weight", "*label_emb.0.0.weight"), folder="controlnet"),
    Kind("control_sdxl", "a ControlNet for SDXL",
         ("controlnet_cond_embedding.*", "add_embedding.linear_1.weight"), folder="controlnet"),
    Kind("controlnet", "a ControlNet", ("*input_hint_block.0.weight",),
         "ControlNetLoader", "controlnet"),
    Kind("controlnet", "a ControlNet", ("controlnet_cond_embedding.*",),
         "ControlNetLoader", "controlnet"),
    Kind("sd1", "a Stable Diffusion 1.x checkpoint",
         (f"{_UNET}input_blocks.0.0.weight", "first_stage_model.*",
          "cond_stage_model.transformer.*"),
         "CheckpointLoaderSimple", "checkpoints"),
    Kind("t2i_adapter", "a T2I-Adapter", ("*body.0.resnets.0.block1.weight",),
         folder="controlnet"),
    Kind("t2i_adapter", "a T2I-Adapter", ("body.0.block1.weight",), folder="controlnet"),
    Kind("lora", "a LoRA", ("*.lora_down.weight",), "LoraLoader", "loras"),
    Kind("lora", "a LoRA", ("*.lora_A.weight",), "LoraLoader", "loras"),
    Kind("lora", "a LoRA", ("*lora.down.weight",), "LoraLoader", "loras"),
    Kind("lora", "a LoRA", ("*_lora.down.weight",), "LoraLoader", "loras"),
    Kind("lora", "a LyCORIS file", ("*.hada_w1_a",), folder="loras"),
    Kind("lora", "a LyCORIS file", ("*.lokr_w1",), folder="loras"),
    Kind("unet", "a diffusion model alone", (f"{_UNET}input_blocks.0.0.weight",),
         "UNETLoader", "diffusion_models"),
    Kind("unet", "a diffusion model alone", ("input_blocks.0.0.weight",),
         "UNETLoader", "diffusion_models"),
    Kind("unet", "a diffusion model alone", ("down_blocks.0.resnets.0.conv1.weight",
                                             "conv_norm_out.weight"),
         "UNETLoader", "diffusion_models"),
    Kind("vqgan", "a VQ autoencoder (VQGAN)",
         ("quantize.embedding.weight", "decoder.conv_in.weight"), "VQModelLoader", "vqgan"),
    Kind("vqgan", "a VQ autoencoder (VQGAN) trained with Gumbel noise",
         ("quantize.embed.weight", "decoder.conv_in.weight"), "VQModelLoader", "vqgan"),
    Kind("vae", "a VAE alone", ("first_stage_model.decoder.conv_in.weight",), "VAELoader", "vae"),
    Kind("vae", "a VAE alone", ("decoder.conv_in.weight", "encoder.conv_in.weight"),
         "VAELoader", "vae"),
    Kind("clip_vision", "a CLIP vision model", ("vision_model.embeddings.patch_embedding.weight",),
         folder="clip_vision"),
    Kind("t5", "a T5 text encoder", ("encoder.block.0.layer.0.SelfAttention.q.weight",),
         folder="text_encoders"),
    Kind("clip", "a CLIP text encoder alone", ("*embeddings.token_embedding.weight",
                                               "*encoder.layers.0.mlp.fc1.weight"),
         "CLIPLoader", "text_encoders"),
    Kind("embedding", "a textual inversion embedding", ("emb_params",), folder="embeddings"),
    Kind("embedding", "a textual inversion embedding", ("string_to_param.*",),
         folder="embeddings"),
)  # fmt: skip
"""In order: the first whose marks all match."""


def recognise(names: Collection[str]) -> Kind | None:
    """Return the kind of a file with these weight names, or None."""
    return next((kind for kind in KINDS if all(_matches(mark, names) for mark in kind.marks)), None)


def _matches(mark: str, names: Collection[str]) -> bool:
    if mark.startswith("*"):
        return any(name.endswith(mark[1:]) for name in names)
    if mark.endswith("*"):
        return any(name.startswith(mark[:-1]) for name in names)
    return mark in names


def require(path: Path, names: Collection[str], codes: Collection[str], wanted: str) -> Kind:
    """Return a file's kind when it is among `codes`.

    Args:
        wanted: What was asked for, for the message: "a Stable Diffusion 1.x checkpoint".

    Raises: FileFormatError, saying what the file looks like and what fits it.
    """
    kind = recognise(names)
    if kind is not None and kind.code in codes:
        return kind
    if kind is None:
        raise FileFormatError(path, f"expected {wanted}, but its weights are of no known kind")
    raise FileFormatError(path, f"expected {wanted}, but it looks like {kind.label}", _hint(kind))


def _hint(kind: Kind) -> str:
    place = f"put it into models/{kind.folder}" if kind.folder else ""
    if kind.loader:
        return f"Load it with {kind.loader}; {place}."
    if not place:
        return "This kind of model is not supported yet."
    return f"This kind is not supported yet; it belongs into models/{kind.folder}."
