"""Writes Stable Diffusion 1.x checkpoints of any width with seeded random weights.

As a script: `python tests/checkpoints.py --size tiny|sd15 --out FILE` (.safetensors or .ckpt).
The names and shapes are spelled out here, apart from the engine's own tables, so that a mistake
there does not repeat itself.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import torch

Shapes = dict[str, tuple[int, ...]]
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_WIRE = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


@dataclass(frozen=True)
class Size:
    """Widths of the three networks.

    `codes` makes the autoencoder a VQ one with so many codes of `latent_channels` numbers each;
    `gumbel` as those trained with Gumbel noise are; `between`: channels around its 1×1
    convolutions; `vae_level_attention`: levels with attention after each block.
    """

    unet_widths: tuple[int, ...] = (32, 64)
    unet_blocks: int = 1
    unet_attention: tuple[bool, ...] = (True, False)
    context: int = 32
    in_channels: int = 4
    latent_channels: int = 4
    vae_widths: tuple[int, ...] = (32, 32, 32, 32)
    vae_blocks: int = 1
    vae_attention: bool = True
    vae_level_attention: tuple[int, ...] = ()
    codes: int = 0
    gumbel: bool = False
    between: int | None = None
    clip_layers: int = 2
    vocabulary: int = 49408
    positions: int = 77
    metadata: Mapping[str, object] = field(default_factory=dict)


TINY = Size()
SD15 = Size(
    unet_widths=(320, 640, 1280, 1280),
    unet_blocks=2,
    unet_attention=(True, True, True, False),
    context=768,
    vae_widths=(128, 256, 512, 512),
    vae_blocks=2,
    clip_layers=12,
)
TINY_VQ = Size(vae_widths=(16, 16, 32), vae_attention=False, codes=1024)
"""A first stage as the starter model's: pictures of 64 pixels are 16×16 tokens."""
SIZES = {"tiny": TINY, "tiny-vq": TINY_VQ, "sd15": SD15}


def checkpoint_shapes(size: Size, *, ema: bool = False, position_ids: bool = False) -> Shapes:
    """Return every weight's shape in the LDM layout."""
    unet = unet_shapes(size)
    shapes = {f"model.diffusion_model.{name}": shape for name, shape in unet.items()}
    shapes |= {f"first_stage_model.{name}": shape for name, shape in vae_shapes(size).items()}
    text = "cond_stage_model.transformer.text_model."
    shapes |= {f"{text}{name}": shape for name, shape in clip_shapes(size).items()}
    if position_ids:
        shapes[f"{text}embeddings.position_ids"] = (1, size.positions)
    if ema:
        shapes |= {f"model_ema.diffusion_model{n.replace('.', '')}": s for n, s in unet.items()}
    return shapes


def unet_shapes(size: Size) -> Shapes:
    """Return the UNet's shapes, without prefix."""
    widths, first = size.unet_widths, size.unet_widths[0]
    time = 4 * first
    shapes: Shapes = {}
    skips = _encoder(shapes, size)
    index, width = 0, widths[-1]
    for level in reversed(range(len(widths))):
        for block in range(size.unet_blocks + 1):
            name, slot = f"output_blocks.{index}", 1
            _unet_block(shapes, name, width + skips.pop(), widths[level], time)
            width, index = widths[level], index + 1
            if size.unet_attention[level]:
                _transformer(shapes, f"{name}.1", width, size.context)
                slot = 2
            if block == size.unet_blocks and level:
                _conv(shapes, f"{name}.{slot}.conv", width, width)
    _norm(shapes, "out.0", first)
    _conv(shapes, "out.2", first, size.latent_channels)
    return shapes


def controlnet_shapes(size: Size, hint_widths: tuple[int, ...] = (16, 32, 96, 256)) -> Shapes:
    """Return a ControlNet's shapes in the LDM layout, without prefix."""
    shapes: Shapes = {}
    skips = _encoder(shapes, size)
    for index, width in enumerate(skips):
        _conv(shapes, f"zero_convs.{index}.0", width, width, 1)
    _conv(shapes, "middle_block_out.0", size.unet_widths[-1], size.unet_widths[-1], 1)
    _conv(shapes, "input_hint_block.0", 3, hint_widths[0])
    index = 2
    for narrow, wide in pairwise(hint_widths):
        _conv(shapes, f"input_hint_block.{index}", narrow, narrow)
        _conv(shapes, f"input_hint_block.{index + 2}", narrow, wide)
        index += 4
    _conv(shapes, f"input_hint_block.{index}", hint_widths[-1], size.unet_widths[0])
    return shapes


def _encoder(shapes: Shapes, size: Size) -> list[int]:
    """Add the half of a UNet that goes down; return the widths of its skip connections."""
    widths, first = size.unet_widths, size.unet_widths[0]
    time = 4 * first
    _linear(shapes, "time_embed.0", first, time)
    _linear(shapes, "time_embed.2", time, time)
    _conv(shapes, "input_blocks.0.0", size.in_channels, first)
    index, skips, width = 1, [first], first
    for level, wide in enumerate(widths):
        for _ in range(size.unet_blocks):
            _unet_block(shapes, f"input_blocks.{index}", width, wide, time)
            if size.unet_attention[level]:
                _transformer(shapes, f"input_blocks.{index}.1", wide, size.context)
            width, index = wide, index + 1
            skips.append(wide)
        if level < len(widths) - 1:
            _conv(shapes, f"input_blocks.{index}.0.op", wide, wide)
            index += 1
            skips.append(wide)
    _unet_block(shapes, "middle_block", width, width, time)
    _transformer(shapes, "middle_block.1", width, size.context)
    _resnet(shapes, "middle_block.2", width, width, time)
    return skips


def vae_shapes(size: Size) -> Shapes:
    """Return the autoencoder's shapes, without prefix."""
    widths = size.vae_widths
    latent = size.between or size.latent_channels
    shapes: Shapes = {}
    _conv(shapes, "encoder.conv_in", 3, widths[0])
    width = widths[0]
    for level, wide in enumerate(widths):
        for block in range(size.vae_blocks):
            _vae_block(shapes, f"encoder.down.{level}.block.{block}", width, wide)
            if level in size.vae_level_attention:
                _vae_attention(shapes, f"encoder.down.{level}.attn.{block}", wide)
            width = wide
        if level < len(widths) - 1:
            _conv(shapes, f"encoder.down.{level}.downsample.conv", wide, wide)
    _conv(shapes, "decoder.conv_in", latent, width)
    for side in ("encoder", "decoder"):
        _vae_block(shapes, f"{side}.mid.block_1", width, width)
        _vae_block(shapes, f"{side}.mid.block_2", width, width)
        if size.vae_attention:
            _vae_attention(shapes, f"{side}.mid.attn_1", width)
    _norm(shapes, "encoder.norm_out", width)
    _conv(shapes, "encoder.conv_out", width, latent if size.codes else 2 * latent)
    for level in reversed(range(len(widths))):
        for block in range(size.vae_blocks + 1):
            _vae_block(shapes, f"decoder.up.{level}.block.{block}", width, widths[level])
            width = widths[level]
            if level in size.vae_level_attention:
                _vae_attention(shapes, f"decoder.up.{level}.attn.{block}", width)
        if level:
            _conv(shapes, f"decoder.up.{level}.upsample.conv", width, width)
    _norm(shapes, "decoder.norm_out", width)
    _conv(shapes, "decoder.conv_out", width, 3)
    if size.codes:
        return shapes | _codebook(size, latent)
    _conv(shapes, "quant_conv", 2 * latent, 2 * latent, 1)
    _conv(shapes, "post_quant_conv", latent, latent, 1)
    return shapes


def _codebook(size: Size, between: int) -> Shapes:
    codes, width = size.codes, size.latent_channels
    shapes: Shapes = {}
    _conv(shapes, "quant_conv", between, width, 1)
    _conv(shapes, "post_quant_conv", width, between, 1)
    if not size.gumbel:
        return shapes | {"quantize.embedding.weight": (codes, width)}
    _conv(shapes, "quantize.proj", width, codes, 1)
    return shapes | {"quantize.embed.weight": (codes, width)}


def taming_shapes(size: Size) -> Shapes:
    """Return a VQGAN's shapes as taming-transformers leaves them, its losses' networks included."""
    shapes = vae_shapes(size)
    _conv(shapes, "loss.discriminator.main.0", 3, 8, 4)
    _conv(shapes, "loss.perceptual_loss.net.slice1.0", 3, 8)
    shapes["loss.perceptual_loss.lin0.model.1.weight"] = (1, 8, 1, 1)
    return shapes


def clip_shapes(size: Size) -> Shapes:
    """Return the text network's shapes, without prefix; its width is the UNet's context."""
    width = size.context
    shapes: Shapes = {
        "embeddings.token_embedding.weight": (size.vocabulary, width),
        "embeddings.position_embedding.weight": (size.positions, width),
    }
    for layer in range(size.clip_layers):
        name = f"encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            _linear(shapes, f"{name}.self_attn.{part}", width, width)
        _norm(shapes, f"{name}.layer_norm1", width)
        _linear(shapes, f"{name}.mlp.fc1", width, 4 * width)
        _linear(shapes, f"{name}.mlp.fc2", 4 * width, width)
        _norm(shapes, f"{name}.layer_norm2", width)
    _norm(shapes, "final_layer_norm", width)
    return shapes


def lora_tensors(
    modules: Mapping[str, tuple[int, ...]], rank: int = 2, alpha: float = 1.0, seed: int = 5
) -> dict[str, torch.Tensor]:
    """Return a LoRA in kohya's names.

    Args:
        modules: Kohya module name, for instance "lora_unet_…_to_q", and the shape of its weight.
    """
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for module, (rows, columns, *kernel) in modules.items():
        ones = [1] * len(kernel)
        down, up = (rank, columns, *kernel), (rows, rank, *ones)
        tensors[f"{module}.lora_down.weight"] = torch.randn(down, generator=generator)
        tensors[f"{module}.lora_up.weight"] = torch.randn(up, generator=generator)
        tensors[f"{module}.alpha"] = torch.tensor(alpha)
    return tensors


def write_checkpoint(
    path: Path,
    size: Size = TINY,
    *,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    ema: bool = False,
    position_ids: bool = False,
) -> Path:
    """Write a checkpoint; a .ckpt is a pickle with a "state_dict", as training leaves it.

    A .safetensors file is written weight by weight: memory stays at the largest one.
    """
    shapes = checkpoint_shapes(size, ema=ema, position_ids=position_ids)
    if path.suffix == ".ckpt":
        weights = dict(random_weights(shapes, dtype, seed))
        torch.save({"state_dict": weights, "global_step": 1, "epoch": 0}, path)
        return path
    metadata = {"tessera.config": json.dumps(dict(size.metadata))} if size.metadata else {}
    with path.open("wb") as file:
        write_stream(file, shapes, dtype, seed, metadata)
    return path


def write_stream(
    file: BinaryIO, shapes: Shapes, dtype: torch.dtype, seed: int, metadata: Mapping[str, str]
) -> None:
    """Write a safetensors file: header first, then one weight after the other."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name, shape in shapes.items():
        kind = _dtype_of(name, dtype)
        end = offset + math.prod(shape) * kind.itemsize
        header[name] = {"dtype": _WIRE[kind], "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for _, weight in random_weights(shapes, dtype, seed):
        file.write(weight.reshape(-1).view(torch.uint8).numpy().data)


def random_weights(
    shapes: Shapes, dtype: torch.dtype, seed: int
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield each weight: norms near one, the rest scaled so that signals keep their size."""
    generator = torch.Generator().manual_seed(seed)
    for name, shape in shapes.items():
        if name.endswith("position_ids"):
            yield name, torch.arange(shape[1])[None]
            continue
        weight = torch.randn(shape, generator=generator)
        if len(shape) == 1:
            weight = weight * 0.05 + (1.0 if name.endswith("weight") else 0.0)
        elif "quantize" in name:
            pass  # as far apart as what the encoder gives
        elif "embedding" in name:
            weight *= 0.1
        else:
            weight /= math.sqrt(math.prod(shape[1:]))
        yield name, weight.to(dtype)


def _dtype_of(name: str, dtype: torch.dtype) -> torch.dtype:
    return torch.int64 if name.endswith("position_ids") else dtype


def _linear(shapes: Shapes, name: str, inputs: int, outputs: int, bias: bool = True) -> None:
    shapes[f"{name}.weight"] = (outputs, inputs)
    if bias:
        shapes[f"{name}.bias"] = (outputs,)


def _conv(shapes: Shapes, name: str, inputs: int, outputs: int, kernel: int = 3) -> None:
    shapes[f"{name}.weight"] = (outputs, inputs, kernel, kernel)
    shapes[f"{name}.bias"] = (outputs,)


def _norm(shapes: Shapes, name: str, width: int) -> None:
    shapes[f"{name}.weight"] = (width,)
    shapes[f"{name}.bias"] = (width,)


def _unet_block(shapes: Shapes, name: str, inputs: int, outputs: int, time: int) -> None:
    _resnet(shapes, f"{name}.0", inputs, outputs, time)


def _resnet(shapes: Shapes, name: str, inputs: int, outputs: int, time: int) -> None:
    _norm(shapes, f"{name}.in_layers.0", inputs)
    _conv(shapes, f"{name}.in_layers.2", inputs, outputs)
    _linear(shapes, f"{name}.emb_layers.1", time, outputs)
    _norm(shapes, f"{name}.out_layers.0", outputs)
    _conv(shapes, f"{name}.out_layers.3", outputs, outputs)
    if inputs != outputs:
        _conv(shapes, f"{name}.skip_connection", inputs, outputs, 1)


def _transformer(shapes: Shapes, name: str, width: int, context: int) -> None:
    _norm(shapes, f"{name}.norm", width)
    _conv(shapes, f"{name}.proj_in", width, width, 1)
    block = f"{name}.transformer_blocks.0"
    for attention, source in (("attn1", width), ("attn2", context)):
        _linear(shapes, f"{block}.{attention}.to_q", width, width, bias=False)
        _linear(shapes, f"{block}.{attention}.to_k", source, width, bias=False)
        _linear(shapes, f"{block}.{attention}.to_v", source, width, bias=False)
        _linear(shapes, f"{block}.{attention}.to_out.0", width, width)
    _linear(shapes, f"{block}.ff.net.0.proj", width, 8 * width)
    _linear(shapes, f"{block}.ff.net.2", 4 * width, width)
    for number in (1, 2, 3):
        _norm(shapes, f"{block}.norm{number}", width)
    _conv(shapes, f"{name}.proj_out", width, width, 1)


def _vae_attention(shapes: Shapes, name: str, width: int) -> None:
    _norm(shapes, f"{name}.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        _conv(shapes, f"{name}.{part}", width, width, 1)


def _vae_block(shapes: Shapes, name: str, inputs: int, outputs: int) -> None:
    _norm(shapes, f"{name}.norm1", inputs)
    _conv(shapes, f"{name}.conv1", inputs, outputs)
    _norm(shapes, f"{name}.norm2", outputs)
    _conv(shapes, f"{name}.conv2", outputs, outputs)
    if inputs != outputs:
        _conv(shapes, f"{name}.nin_shortcut", inputs, outputs, 1)


def main() -> None:
    """Write the checkpoint the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--out", type=Path, required=True, help=".safetensors or .ckpt")
    parser.add_argument("--dtype", choices=DTYPES, default="fp16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ema", action="store_true", help="with weights under model_ema.")
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    size, dtype = SIZES[given.size], DTYPES[given.dtype]
    write_checkpoint(given.out, size, dtype=dtype, seed=given.seed, ema=given.ema)


if __name__ == "__main__":
    main()
