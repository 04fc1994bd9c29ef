"""Calculates with latents: sums, differences and mixtures."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.imaging.checks import check_latent
from engine.imaging.latents import matched, with_samples
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent


@node("LatentAdd", category="latent/advanced")
def latent_add(samples1: Latent, samples2: Latent) -> Latent:
    """Add two latents, number by number.

    Args:
        samples2: Brought to the size and batch of `samples1`.
    """
    return with_samples(samples1, samples1["samples"] + matched(samples1, samples2))


@node("LatentSubtract", category="latent/advanced")
def latent_subtract(samples1: Latent, samples2: Latent) -> Latent:
    """Subtract a latent from another, number by number.

    Args:
        samples2: What is taken away; brought to the size and batch of `samples1`.
    """
    return with_samples(samples1, samples1["samples"] - matched(samples1, samples2))


@node("LatentMultiply", category="latent/advanced")
def latent_multiply(
    samples: Latent, multiplier: Annotated[float, Number(-10.0, 10.0, 0.01)] = 1.0
) -> Latent:
    """Multiply a latent by a number.

    Args:
        multiplier: Above 1 raises the contrast, below 1 lowers it.
    """
    return with_samples(samples, check_latent(samples) * multiplier)


@node("LatentInterpolate", category="latent/advanced")
def latent_interpolate(
    samples1: Latent, samples2: Latent, ratio: Annotated[float, Number(0.0, 1.0, 0.01)] = 1.0
) -> Latent:
    """Mix two latents without losing contrast.

    Each cell is a vector of its channels. Directions are mixed and brought back to length 1, then
    get the mixture of both lengths.

    Args:
        samples2: Brought to the size and batch of `samples1`.
        ratio: 1 gives `samples1`, 0 gives `samples2`.
    """
    first, second = samples1["samples"], matched(samples1, samples2)
    length1, length2 = first.norm(dim=1, keepdim=True), second.norm(dim=1, keepdim=True)
    direction = ratio * _divided(first, length1) + (1.0 - ratio) * _divided(second, length2)
    direction = _divided(direction, direction.norm(dim=1, keepdim=True))
    return with_samples(samples1, direction * (ratio * length1 + (1.0 - ratio) * length2))


def _divided(vectors: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return vectors / lengths; a vector of length zero stays zero."""
    return torch.where(lengths > 0, vectors / lengths, torch.zeros_like(vectors))


@node("LatentBlend", title="Latent Blend", category="_for_testing")
def latent_blend(
    samples1: Latent,
    samples2: Latent,
    blend_factor: Annotated[float, Number(0.0, 1.0, 0.01)] = 0.5,
) -> Latent:
    """Mix two latents, number by number.

    Args:
        samples2: Brought to the size and batch of `samples1`.
        blend_factor: 1 gives `samples1`, 0 gives `samples2`.
    """
    second = matched(samples1, samples2, "bicubic")
    return with_samples(samples1, torch.lerp(second, samples1["samples"], blend_factor))
