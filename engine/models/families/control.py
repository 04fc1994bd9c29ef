"""ControlNets of latent diffusion: shape read from weight names, LDM names to diffusers names.

Source: arXiv:2302.05543; layouts: lllyasviel/ControlNet `cldm.py` and diffusers `ControlNetModel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from engine.models.families.naming import Renames, Shapes, group_norm_groups, rename
from engine.models.families.unet import EncoderShape, encoder_prefixes, read_encoder

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class ControlShape:
    """What the weights say about a ControlNet.

    Attributes:
        encoder: The copy of a UNet's half.
        hint_channels: Channels of the picture it looks at.
        hint_widths: Of the small network that brings the picture to the size of the latent.
    """

    encoder: EncoderShape
    hint_channels: int
    hint_widths: tuple[int, ...]

    @property
    def downscale(self) -> int:
        """Pixels of the picture per latent cell: each width after the first halves it."""
        return 1 << (len(self.hint_widths) - 1)


def read_shape(shapes: Shapes) -> ControlShape:
    """Infer a ControlNet's shape from LDM or diffusers names (without prefix).

    Raises: KeyError, with the weight that was looked for; ValueError, when levels are uneven.
    """
    encoder = read_encoder(shapes)
    if len({level.blocks for level in encoder.levels}) != 1:
        raise ValueError("its resolutions differ in their number of blocks")
    ldm = "input_blocks.0.0.weight" in shapes
    first = "input_hint_block.0" if ldm else "controlnet_cond_embedding.conv_in"
    width, channels = shapes[f"{first}.weight"][:2]
    # Convolutions at even places: the first, then pairs that keep and change the width, the last.
    pattern = "input_hint_block.{}" if ldm else "controlnet_cond_embedding.blocks.{}"
    numbers = range(4, 2 * len(shapes), 4) if ldm else range(1, len(shapes), 2)
    widths = [width]
    for number in numbers:
        name = f"{pattern.format(number)}.weight"
        if name not in shapes:
            break
        widths.append(shapes[name][0])
    return ControlShape(encoder, channels, tuple(widths))


def network_names(names: Mapping[str, str], shape: ControlShape) -> dict[str, str]:
    """Map diffusers weight names to the file's names.

    Args:
        names: LDM or diffusers name without prefix -> name in the file.
    """
    if "input_blocks.0.0.weight" not in names:
        return dict(names)
    hint = "controlnet_cond_embedding."
    changes = 2 * (len(shape.hint_widths) - 1)
    prefixes: dict[str, tuple[str, Renames]] = {
        "input_hint_block.0.": (f"{hint}conv_in.", ()),
        f"input_hint_block.{2 * changes + 2}.": (f"{hint}conv_out.", ()),
        "middle_block_out.0.": ("controlnet_mid_block.", ()),
    }
    for block in range(changes):
        prefixes[f"input_hint_block.{2 * block + 2}."] = f"{hint}blocks.{block}.", ()
    for index in count():
        if f"zero_convs.{index}.0.weight" not in names:
            break
        prefixes[f"zero_convs.{index}.0."] = f"controlnet_down_blocks.{index}.", ()
    prefixes |= encoder_prefixes(shape.encoder)
    return {new: names[old] for new, old in rename(names, prefixes).items()}


def build(shape: ControlShape, heads: int, groups: int | None, pooled: bool) -> nn.Module:
    """Make the network on the meta device; further arguments as in `unet.build`.

    Args:
        pooled: Residuals are averaged over the picture: its content counts, not its layout.
    """
    import torch
    from diffusers.models.controlnets.controlnet import ControlNetModel

    encoder = shape.encoder
    widths = tuple(level.width for level in encoder.levels)
    with torch.device("meta"):
        network: nn.Module = ControlNetModel(
            in_channels=encoder.in_channels,
            conditioning_channels=shape.hint_channels,
            block_out_channels=widths,
            layers_per_block=encoder.levels[0].blocks,
            down_block_types=tuple(
                "CrossAttnDownBlock2D" if level.attention else "DownBlock2D"
                for level in encoder.levels
            ),
            cross_attention_dim=encoder.context_width,
            attention_head_dim=heads,  # diffusers keeps the number of heads under this name
            norm_num_groups=groups or group_norm_groups(widths),
            use_linear_projection=encoder.linear_projection,
            conditioning_embedding_out_channels=shape.hint_widths,
            global_pool_conditions=pooled,
        )
    return network
