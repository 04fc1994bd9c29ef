"""Seeded noise: the initial noise, and the noise that ancestral and SDE samplers add.

The streams are those of ComfyUI, so a seed gives the same picture in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.types import LatentDict

_SEED_LIMIT = 2**64


@dataclass(frozen=True, slots=True)
class RandomNoiseSource:
    """A NOISE value: standard normal noise of a seed in 0 … 2^64 - 1."""

    seed: int

    def generate_noise(self, latent: LatentDict) -> Tensor:
        """Return noise for a latent, on the CPU."""
        return initial_noise(latent["samples"], self.seed, latent.get("batch_index"))


@dataclass(frozen=True, slots=True)
class NoNoiseSource:
    """A NOISE value that is zero everywhere."""

    seed: int = 0

    def generate_noise(self, latent: LatentDict) -> Tensor:
        """Return zeros in the shape of a latent, on the CPU."""
        return torch.zeros_like(latent["samples"], device="cpu")


def initial_noise(latent: Tensor, seed: int, batch_index: Sequence[int] | None = None) -> Tensor:
    """Return standard normal noise in the shape and dtype of `latent`, on the CPU.

    Without `batch_index` the whole batch is drawn at once. With it, items are drawn one after the
    other, 0 … max, and item i takes draw batch_index[i], whatever the batch size.
    """
    generator = seeded(seed, torch.device("cpu"))
    if batch_index is None:
        return torch.randn(latent.shape, generator=generator, dtype=latent.dtype)
    if len(batch_index) != len(latent) or min(batch_index, default=0) < 0:
        raise InvalidValueError(
            'Latent, "batch_index"', list(batch_index), f"{len(latent)} indices of 0 or more"
        )
    wanted = set(batch_index)
    draws: dict[int, Tensor] = {}
    for index in range(max(wanted) + 1):
        draw = torch.randn((1, *latent.shape[1:]), generator=generator, dtype=latent.dtype)
        if index in wanted:
            draws[index] = draw
    return torch.cat([draws[index] for index in batch_index])


def seeded(seed: int, device: torch.device) -> torch.Generator:
    """Return a generator at the start of a seed's stream. Raises: InvalidValueError."""
    if not 0 <= seed < _SEED_LIMIT:
        raise InvalidValueError('input "seed"', seed, "a whole number from 0 to 2^64 - 1")
    return torch.Generator(device=device).manual_seed(seed)


class StepNoise:
    """Noise that ancestral samplers add: one stream, drawn on the sampling device.

    On the CPU the stream is that of seed + 1: initial noise comes from the CPU stream of `seed`,
    and the same numbers twice would not be independent.
    """

    def __init__(self, x: Tensor, seed: int) -> None:
        self._like = x
        own_seed = (seed + 1) % _SEED_LIMIT if x.device.type == "cpu" else seed
        self._generator = seeded(own_seed, x.device)

    def draw(self) -> Tensor:
        """Return the next standard normal noise in the shape of the latent."""
        like = self._like
        return torch.randn(
            like.shape, generator=self._generator, dtype=like.dtype, device=like.device
        )

    def position(self) -> Tensor:
        """Return the stream's position, (bytes,) uint8 on the CPU."""
        position: Tensor = self._generator.get_state()
        return position

    def seek(self, position: Tensor) -> None:
        """Go to a position that `position` returned."""
        self._generator.set_state(position)


class BrownianNoise:
    """Increments of one Brownian path over sigma, so a finer schedule refines the same noise.

    A seed alone decides the path; queries leave nothing behind, so no position is to be saved.
    Source: arXiv:2001.01328, §4 (virtual Brownian tree), as built by torchsde.
    """

    _TOLERANCE_DIGITS = 6

    def __init__(self, x: Tensor, seed: int, low: float, high: float, *, on_cpu: bool) -> None:
        from torchsde import BrownianTree

        self._device = x.device
        self._low = round(low, self._TOLERANCE_DIGITS)
        self._high = round(high, self._TOLERANCE_DIGITS)
        start = torch.zeros_like(x, device="cpu" if on_cpu else x.device)
        self._tree = BrownianTree(self._low, start, self._high, entropy=seed)

    def draw(self, sigma: float, sigma_next: float) -> Tensor:
        """Return the path's increment from one sigma to another, scaled to unit variance."""
        low, high = (self._clamp(s) for s in sorted((sigma, sigma_next)))
        increment: Tensor = self._tree(low, high)
        # The path runs from the clean end: on the way down its increment counts negatively.
        scale = math.copysign(math.sqrt(abs(sigma_next - sigma)), sigma_next - sigma)
        return increment.to(self._device) / scale

    def _clamp(self, sigma: float) -> float:
        return min(max(sigma, self._low), self._high)
