"""The UNet of latent diffusion: its shape read from weight names, LDM names to diffusers names.

Source of the layouts: CompVis/latent-diffusion `openaimodel.py` and diffusers
`UNet2DConditionModel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from engine.models.families.naming import Renames, Shapes, group_norm_groups, rename

if TYPE_CHECKING:
    from torch import nn

_RESNET: Final[Renames] = (
    ("in_layers.0.", "norm1."),
    ("in_layers.2.", "conv1."),
    ("emb_layers.1.", "time_emb_proj."),
    ("out_layers.0.", "norm2."),
    ("out_layers.3.", "conv2."),
    ("skip_connection.", "conv_shortcut."),
)
_ENDS: Final = {
    "time_embed.0.": "time_embedding.linear_1.",
    "time_embed.2.": "time_embedding.linear_2.",
    "input_blocks.0.0.": "conv_in.",
    "out.0.": "conv_norm_out.",
    "out.2.": "conv_out.",
}


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of the UNet: residual blocks on the way down, their width, attention."""

    width: int
    blocks: int
    attention: bool


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """What the weights say about the half of a UNet that goes down, the middle included."""

    levels: tuple[Level, ...]
    in_channels: int
    context_width: int
    linear_projection: bool


@dataclass(frozen=True, slots=True)
class UnetShape(EncoderShape):
    """What the weights say about a UNet."""

    out_channels: int


def read_shape(shapes: Shapes) -> UnetShape:
    """Infer a UNet's shape from LDM or diffusers names (without prefix).

    Raises: KeyError, with the weight that was looked for; ValueError, when levels are uneven.
    """
    down = read_encoder(shapes)
    ldm = "input_blocks.0.0.weight" in shapes
    return UnetShape(
        down.levels,
        down.in_channels,
        down.context_width,
        down.linear_projection,
        out_channels=shapes["out.2.weight" if ldm else "conv_out.weight"][0],
    )


def read_encoder(shapes: Shapes) -> EncoderShape:
    """Infer the shape of the half that goes down. Raises as `read_shape`."""
    ldm = "input_blocks.0.0.weight" in shapes
    blocks = _ldm_blocks(shapes) if ldm else _diffusers_blocks(shapes)
    if any(len(set(level)) != 1 for level in blocks):
        raise ValueError("its blocks differ in width or attention within one resolution")
    levels = tuple(Level(level[0][0], len(level), level[0][1]) for level in blocks)
    middle = "middle_block.1." if ldm else "mid_block.attentions.0."
    return EncoderShape(
        levels,
        in_channels=shapes["input_blocks.0.0.weight" if ldm else "conv_in.weight"][1],
        context_width=shapes[f"{middle}transformer_blocks.0.attn2.to_k.weight"][1],
        linear_projection=len(shapes[f"{middle}proj_in.weight"]) == 2,
    )


def _ldm_blocks(shapes: Shapes) -> list[list[tuple[int, bool]]]:
    """List (width, has attention) of each residual block, by level."""
    levels: list[list[tuple[int, bool]]] = [[]]
    for index in count(1):
        convolution = shapes.get(f"input_blocks.{index}.0.out_layers.3.weight")
        if convolution is not None:
            attention = f"input_blocks.{index}.1.proj_in.weight" in shapes
            levels[-1].append((convolution[0], attention))
        elif f"input_blocks.{index}.0.op.weight" in shapes:
            levels.append([])
        else:
            return levels
    raise AssertionError("count() does not end")


def _diffusers_blocks(shapes: Shapes) -> list[list[tuple[int, bool]]]:
    levels: list[list[tuple[int, bool]]] = []
    for level in count():
        prefix = f"down_blocks.{level}"
        attention = f"{prefix}.attentions.0.proj_in.weight" in shapes
        widths = [
            shapes[name][0]
            for name in (f"{prefix}.resnets.{block}.conv2.weight" for block in range(len(shapes)))
            if name in shapes
        ]
        if not widths:
            return levels
        levels.append([(width, attention) for width in widths])
    raise AssertionError("count() does not end")


def ldm_names(names: Mapping[str, str], shape: UnetShape) -> dict[str, str]:
    """Map diffusers weight names to the file's names.

    Args:
        names: LDM name without prefix -> name in the file.
    """
    return {new: names[old] for new, old in rename(names, ldm_prefixes(shape)).items()}


def ldm_prefixes(shape: UnetShape) -> dict[str, tuple[str, Renames]]:
    """Map LDM prefixes to diffusers prefixes; see `rename`."""
    return encoder_prefixes(shape) | _up_prefixes(shape)


def encoder_prefixes(shape: EncoderShape) -> dict[str, tuple[str, Renames]]:
    """Map LDM prefixes to diffusers prefixes for all but the half that goes up; see `rename`."""
    prefixes: dict[str, tuple[str, Renames]] = {old: (new, ()) for old, new in _ENDS.items()}
    prefixes |= _down_prefixes(shape)
    prefixes["middle_block.0."] = "mid_block.resnets.0.", _RESNET
    prefixes["middle_block.1."] = "mid_block.attentions.0.", ()
    prefixes["middle_block.2."] = "mid_block.resnets.1.", _RESNET
    return prefixes


def _down_prefixes(shape: EncoderShape) -> dict[str, tuple[str, Renames]]:
    prefixes: dict[str, tuple[str, Renames]] = {}
    index = count(1)
    for number, level in enumerate(shape.levels):
        for block in range(level.blocks):
            old = f"input_blocks.{next(index)}."
            prefixes[f"{old}0."] = f"down_blocks.{number}.resnets.{block}.", _RESNET
            prefixes[f"{old}1."] = f"down_blocks.{number}.attentions.{block}.", ()
        if number < len(shape.levels) - 1:
            old = f"input_blocks.{next(index)}.0.op."
            prefixes[old] = f"down_blocks.{number}.downsamplers.0.conv.", ()
    return prefixes


def _up_prefixes(shape: UnetShape) -> dict[str, tuple[str, Renames]]:
    prefixes: dict[str, tuple[str, Renames]] = {}
    index = count()
    for number, level in enumerate(reversed(shape.levels)):
        for block in range(level.blocks + 1):
            old, new = f"output_blocks.{next(index)}.", f"up_blocks.{number}."
            prefixes[f"{old}0."] = f"{new}resnets.{block}.", _RESNET
            # The upsampler follows the attention block, or takes its place where there is none.
            prefixes[f"{old}{1 + level.attention}.conv."] = f"{new}upsamplers.0.conv.", ()
            if level.attention:
                prefixes[f"{old}1."] = f"{new}attentions.{block}.", ()
    return prefixes


def build(shape: UnetShape, heads: int, groups: int | None) -> nn.Module:
    """Make the network on the meta device.

    Args:
        heads: Attention heads at every level.
        groups: Groups of the group norms; None for 32, or what the widths allow.
    """
    import torch
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    widths = tuple(level.width for level in shape.levels)
    with torch.device("meta"):
        network: nn.Module = UNet2DConditionModel(
            in_channels=shape.in_channels,
            out_channels=shape.out_channels,
            block_out_channels=widths,
            layers_per_block=tuple(level.blocks for level in shape.levels),
            down_block_types=tuple(
                "CrossAttnDownBlock2D" if level.attention else "DownBlock2D"
                for level in shape.levels
            ),
            up_block_types=tuple(
                "CrossAttnUpBlock2D" if level.attention else "UpBlock2D"
                for level in reversed(shape.levels)
            ),
            cross_attention_dim=shape.context_width,
            attention_head_dim=heads,  # diffusers keeps the number of heads under this name
            norm_num_groups=groups or group_norm_groups(widths),
            use_linear_projection=shape.linear_projection,
        )
    return network
