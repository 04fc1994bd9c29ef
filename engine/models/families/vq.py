"""The VQ autoencoder (VQGAN): shape from weight names, names of all layouts to diffusers names.

Sources of the layouts: CompVis/taming-transformers `models/vqgan.py` and
`modules/vqvae/quantize.py`, CompVis/latent-diffusion `models/autoencoder.py` (`VQModelInterface`),
diffusers `VQModel`. The halves are those of the KL autoencoder, without a variance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.models.families import kl
from engine.models.families.naming import Shapes

if TYPE_CHECKING:
    from torch import nn

CODES: Final = "quantize.embedding.weight"
GUMBEL_CODES: Final = "quantize.embed.weight"
GUMBEL_LOGITS: Final = ("quantize.proj.weight", "quantize.proj.bias")
_SPATIAL_MARK: Final = "decoder.conv_norm_out.norm_layer.weight"


@dataclass(frozen=True, slots=True)
class VqShape:
    """What the weights say about a VQ autoencoder.

    Attributes:
        halves: Encoder and decoder; `latent_channels` are those between them and the 1×1
            convolutions around the code.
        size: Codes there are.
        width: Numbers in a code.
        gumbel: Whether tokens come from logits instead of distances.
        spatial: Whether the decoder's norms look at the code (MoVQ, arXiv:2209.09002).
    """

    halves: kl.KlShape
    size: int
    width: int
    gumbel: bool
    spatial: bool


def is_vq(names: Collection[str]) -> bool:
    """Whether weight names (without prefix) hold a codebook."""
    return CODES in names or GUMBEL_CODES in names


def read_shape(shapes: Shapes) -> VqShape:
    """Infer a VQ autoencoder's shape from LDM, taming or diffusers names (without prefix).

    Raises: KeyError, with the weight that was looked for; ValueError.
    """
    gumbel = CODES not in shapes
    size, width = shapes[GUMBEL_CODES if gumbel else CODES]
    if gumbel and (shapes[GUMBEL_LOGITS[0]][:2], shapes[GUMBEL_LOGITS[1]]) != (
        (size, width), (size,),
    ):  # fmt: skip
        raise ValueError("its logits do not belong to its codes")
    return VqShape(kl.read_shape(shapes), size, width, gumbel, _SPATIAL_MARK in shapes)


def network_names(names: Mapping[str, str], shape: VqShape) -> dict[str, str]:
    """Map diffusers weight names to the file's names; see `kl.network_names`."""
    renamed = kl.network_names(names, shape.halves)
    if shape.gumbel:
        renamed[CODES] = names[GUMBEL_CODES]
    return renamed


def build(shape: VqShape, groups: int | None) -> nn.Module:
    """Make the network on the meta device; `groups` as in `unet.build`."""
    import torch
    from diffusers.models.autoencoders.vq_model import VQModel

    with torch.device("meta"):
        network: nn.Module = VQModel(
            **kl.network_config(shape.halves, groups),
            latent_channels=shape.halves.latent_channels,
            num_vq_embeddings=shape.size,
            vq_embed_dim=shape.width,
            norm_type="spatial" if shape.spatial else "group",
        )
    return network
