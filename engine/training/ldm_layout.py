"""Writes trained networks in the LDM layout: the inverse of what `engine.models.families` reads.

Source of the layout: CompVis/latent-diffusion, `ldm/models/diffusion/ddpm.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor, nn

from engine.models.families import kl, sd1, unet
from engine.models.families.config import CONFIG_KEY, FileConfig
from engine.models.families.naming import Renames, inverse, rename
from engine.text.tokenizer import tokenizer_metadata

_TEXT: Final = f"{sd1.TEXT_PREFIX}text_model."
_CONVOLUTIONS_IN_LDM: Final = (".q.weight", ".k.weight", ".v.weight", ".proj_out.weight")


def unet_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a `UNet2DConditionModel` by their names in a checkpoint."""
    weights = network.state_dict()
    shape = unet.read_shape(_shapes(weights))
    return _renamed(weights, unet.ldm_prefixes(shape), sd1.UNET_PREFIX)


def first_stage_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of an `AutoencoderKL` or `VQModel` by their names in a checkpoint.

    A VQ one's are those of latent diffusion's `VQModelInterface`.
    """
    weights = network.state_dict()
    shape = kl.read_shape(_shapes(weights))
    tensors = _renamed(weights, kl.ldm_prefixes(shape), sd1.VAE_PREFIX)
    # Attention of the autoencoders is made of 1×1 convolutions there.
    return {
        name: tensor[:, :, None, None]
        if tensor.dim() == 2 and name.endswith(_CONVOLUTIONS_IN_LDM)
        else tensor
        for name, tensor in tensors.items()
    }


def text_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of CLIP's text network by their names in a checkpoint."""
    return {f"{_TEXT}{name}": tensor for name, tensor in network.state_dict().items()}


def checkpoint_bytes(
    networks: Sequence[Mapping[str, Tensor]],
    *,
    config: FileConfig,
    merges: Sequence[tuple[str, str]] | None = None,
    dtype: torch.dtype = torch.float16,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Return a safetensors file that the checkpoint, VAE and VQ loaders read.

    Args:
        networks: What the functions above return, one for each network that the file holds.
        config: What the weights cannot say.
        merges: Of the text encoder's vocabulary; None for CLIP's.
        metadata: Further texts to keep in the file.
    """
    whole = {
        name: tensor.to(dtype).contiguous() for part in networks for name, tensor in part.items()
    }
    texts = {**(metadata or {}), CONFIG_KEY: msgspec.json.encode(_said(config)).decode()}
    if merges is not None:
        texts |= tokenizer_metadata(merges)
    return save(whole, texts)


def _said(config: FileConfig) -> dict[str, object]:
    fields = msgspec.structs.asdict(config)
    return {name: value for name, value in fields.items() if value not in (None, False)}


def _renamed(
    weights: Mapping[str, Tensor], prefixes: Mapping[str, tuple[str, Renames]], place: str
) -> dict[str, Tensor]:
    renamed = rename(weights, inverse(prefixes))
    lost = weights.keys() - renamed.values()
    assert not lost, f"no LDM name for {sorted(lost)}"
    return {f"{place}{new}": weights[old] for new, old in renamed.items()}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}
