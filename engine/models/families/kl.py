"""The KL autoencoder of latent diffusion: shape from weight names, LDM names to diffusers names.

Source of the layouts: CompVis/latent-diffusion `diffusionmodules/model.py` and diffusers
`AutoencoderKL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any, Final

from engine.models.families.naming import Renames, Shapes, group_norm_groups, rename

if TYPE_CHECKING:
    from torch import nn

_RESNET: Final[Renames] = (("nin_shortcut.", "conv_shortcut."),)
_ATTENTION: Final[Renames] = (
    ("norm.", "group_norm."),
    ("q.", "to_q."),
    ("k.", "to_k."),
    ("v.", "to_v."),
    ("proj_out.", "to_out.0."),
)
_OLD_ATTENTION: Final[Renames] = (  # diffusers before 0.15
    ("query.", "to_q."),
    ("key.", "to_k."),
    ("value.", "to_v."),
    ("proj_attn.", "to_out.0."),
)
_SIDES: Final = ("encoder", "decoder")


@dataclass(frozen=True, slots=True)
class KlShape:
    """What the weights say about a KL autoencoder.

    Attributes:
        widths: Channels by level, the finest first; each level but the first halves the sides.
        blocks: Residual blocks in each level of the encoder.
        attention: Whether there is attention at the coarsest size, in the middle.
        level_attention: Levels whose residual blocks are each followed by attention.
        quant: Whether the 1×1 convolutions around the latent exist.
    """

    widths: tuple[int, ...]
    blocks: int
    latent_channels: int
    image_channels: int
    attention: bool
    level_attention: tuple[bool, ...]
    quant: bool

    @property
    def downscale(self) -> int:
        """Pixels per latent cell along each side."""
        return int(2 ** (len(self.widths) - 1))


def read_shape(shapes: Shapes) -> KlShape:
    """Infer an autoencoder's shape from LDM or diffusers names (without prefix).

    Raises: KeyError, with the weight that was looked for.
    """
    ldm = is_ldm(shapes)
    level = "encoder.down.{}.block.{}" if ldm else "encoder.down_blocks.{}.resnets.{}"
    convolution = f"{level}.conv1.weight"
    widths = [
        shapes[name][0]
        for name in takewhile(shapes.__contains__, (convolution.format(i, 0) for i in count()))
    ]
    blocks = sum(
        1 for _ in takewhile(shapes.__contains__, map(convolution.format, [0] * 99, count()))
    )
    attention, inner = (
        ("encoder.mid.attn_1.norm.weight", "encoder.down.{}.attn.0.norm.weight")
        if ldm
        else (
            "encoder.mid_block.attentions.0.group_norm.weight",
            "encoder.down_blocks.{}.attentions.0.group_norm.weight",
        )
    )
    return KlShape(
        tuple(widths),
        blocks,
        latent_channels=shapes["decoder.conv_in.weight"][1],
        image_channels=shapes["encoder.conv_in.weight"][1],
        attention=attention in shapes,
        level_attention=tuple(inner.format(level) in shapes for level in range(len(widths))),
        quant="quant_conv.weight" in shapes,
    )


def is_ldm(shapes: Shapes) -> bool:
    """Whether the names are those of LDM files, not of diffusers."""
    return "encoder.down.0.block.0.conv1.weight" in shapes


def network_names(names: Mapping[str, str], shape: KlShape) -> dict[str, str]:
    """Map diffusers weight names to the file's names.

    Args:
        names: LDM or diffusers name without prefix -> name in the file.
    """
    return {new: names[old] for new, old in rename(names, ldm_prefixes(shape)).items()}


def ldm_prefixes(shape: KlShape) -> dict[str, tuple[str, Renames]]:
    """Map LDM prefixes, and old names of diffusers, to diffusers prefixes; see `rename`."""
    prefixes: dict[str, tuple[str, Renames]] = {}
    for side in _SIDES:
        new = f"{side}.mid_block."
        prefixes[f"{side}.mid.block_1."] = f"{new}resnets.0.", _RESNET
        prefixes[f"{side}.mid.block_2."] = f"{new}resnets.1.", _RESNET
        prefixes[f"{side}.mid.attn_1."] = f"{new}attentions.0.", _ATTENTION
        prefixes[f"{new}attentions.0."] = f"{new}attentions.0.", _OLD_ATTENTION
        prefixes[f"{side}.norm_out."] = f"{side}.conv_norm_out.", ()
    for level in range(len(shape.widths)):
        up = f"decoder.up_blocks.{len(shape.widths) - 1 - level}."
        down = f"encoder.down_blocks.{level}."
        prefixes[f"encoder.down.{level}.downsample."] = f"{down}downsamplers.0.", ()
        prefixes[f"decoder.up.{level}.upsample."] = f"{up}upsamplers.0.", ()
        for block in range(shape.blocks + 1):
            prefixes[f"encoder.down.{level}.block.{block}."] = f"{down}resnets.{block}.", _RESNET
            prefixes[f"decoder.up.{level}.block.{block}."] = f"{up}resnets.{block}.", _RESNET
            prefixes[f"encoder.down.{level}.attn.{block}."] = (
                f"{down}attentions.{block}.", _ATTENTION,
            )  # fmt: skip
            prefixes[f"decoder.up.{level}.attn.{block}."] = f"{up}attentions.{block}.", _ATTENTION
    prefixes[""] = "", ()  # the rest is named alike
    return prefixes


def build(shape: KlShape, groups: int | None) -> nn.Module:
    """Make the network on the meta device; `groups` as in `unet.build`."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    with torch.device("meta"):
        network: nn.Module = AutoencoderKL(
            **network_config(shape, groups),
            latent_channels=shape.latent_channels,
            use_quant_conv=shape.quant,
            use_post_quant_conv=shape.quant,
        )
    return network


def network_config(shape: KlShape, groups: int | None) -> dict[str, Any]:
    """Return the settings of diffusers' autoencoders that say what both halves look like."""
    down = {False: "DownEncoderBlock2D", True: "AttnDownEncoderBlock2D"}
    up = {False: "UpDecoderBlock2D", True: "AttnUpDecoderBlock2D"}
    return {
        "in_channels": shape.image_channels,
        "out_channels": shape.image_channels,
        "down_block_types": tuple(down[attends] for attends in shape.level_attention),
        "up_block_types": tuple(up[attends] for attends in reversed(shape.level_attention)),
        "block_out_channels": shape.widths,
        "layers_per_block": shape.blocks,
        "norm_num_groups": groups or group_norm_groups(shape.widths),
        "mid_block_add_attention": shape.attention,
    }
