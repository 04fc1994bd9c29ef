"""Brings the latents of a trained first stage to zero mean and unit variance.

A diffusion model starts from unit noise, so its latents should be of that size. Latent diffusion
multiplies them with a factor that must be kept beside the weights (arXiv:2112.10752, section
G); here shift and scale are folded into the convolutions around the latent, so that the factor
is 1 and nothing can get lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from engine.errors import InvalidValueError


class LatentScale(NamedTuple):
    """Attributes: mean: (C,) of each channel; deviation: of all channels together, above 0."""

    mean: Tensor
    deviation: float


def measure_latents(parts: Iterable[Tensor]) -> LatentScale:
    """Measure latents (B, C, h, w), which come in parts.

    Channels share one deviation: scaled alike, distances keep their order, so each vector keeps
    its nearest code.

    Raises: InvalidValueError, when the latents do not vary or are not finite.
    """
    latents = torch.cat(list(parts)).double()
    mean = latents.mean((0, 2, 3))
    deviation = float((latents - mean[:, None, None]).square().mean().sqrt())
    if not 0 < deviation < float("inf"):
        raise InvalidValueError("first stage, deviation of its latents", deviation, "above 0")
    return LatentScale(mean.float(), deviation)


@torch.no_grad()
def fold_scale(network: nn.Module, scale: LatentScale) -> None:
    """Change a first stage of diffusers in place: its latents become (latent - mean) / deviation.

    Pictures go through it as before. `AutoencoderKL` and `VQModel` with their convolutions
    around the latent; of a codebook, the codes move along.
    """
    stage: Any = network
    mean, deviation = scale
    channels = len(mean)
    encoder, decoder = stage.quant_conv, stage.post_quant_conv
    encoder.weight[:channels] /= deviation
    encoder.bias[:channels] = (encoder.bias[:channels] - mean) / deviation
    # A KL autoencoder's second half is the logarithm of the variance.
    encoder.bias[channels:] -= 2 * torch.tensor(deviation).log()
    decoder.bias += decoder.weight[:, :, 0, 0] @ mean
    decoder.weight *= deviation
    if hasattr(stage, "quantize"):
        codes = stage.quantize.embedding.weight
        codes.copy_((codes - mean) / deviation)
