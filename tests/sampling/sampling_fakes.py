"""A model with a closed form: data ~ N(mean, spread^2) in each cell, whatever the prompt."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from engine.sampling.sigmas import sigma_table
from engine.types import LatentFormat, Network, NoiseSchedule, Prediction


def gaussian_x0(x: Tensor, sigma: Tensor | float, mean: Tensor | float, spread: float) -> Tensor:
    variance = torch.as_tensor(sigma, dtype=x.dtype) ** 2
    x0: Tensor = (spread**2 * x + variance * mean) / (spread**2 + variance)
    return x0


def gaussian_path(x: Tensor, sigma: float, end: float, mean: float, spread: float) -> Tensor:
    """Solve dx/dsigma = (x - x0) / sigma exactly."""
    ratio = math.sqrt((spread**2 + end**2) / (spread**2 + sigma**2))
    return mean + (x - mean) * ratio


@dataclass(frozen=True)
class GaussianModel:
    """Predicts with mean = the mean of the context, so conditioning is visible in the result."""

    prediction: Prediction = Prediction.EPS
    schedule: NoiseSchedule = field(default_factory=NoiseSchedule)
    latent_format: LatentFormat = field(default_factory=lambda: LatentFormat(rgb=((1, 0, 0),) * 4))
    options: Mapping[str, Any] = field(default_factory=dict)
    spread: float = 0.5
    concat_channels: int = 0
    calls: list[tuple[int, ...]] = field(default_factory=list)
    extras: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @contextmanager
    def loaded(self, batch_shape: tuple[int, ...]) -> Iterator[Network]:
        yield self._network

    def with_settings(
        self,
        *,
        prediction: Prediction | None = None,
        schedule: NoiseSchedule | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        return dataclasses.replace(
            self,
            prediction=prediction or self.prediction,
            schedule=schedule or self.schedule,
            options={**self.options, **(options or {})},
        )

    def _network(
        self, x: Tensor, timestep: Tensor, context: Tensor, extra: Mapping[str, Any]
    ) -> Tensor:
        self.calls.append((*x.shape, context.shape[1]))
        self.extras.append(extra)
        mean = context.mean(dim=(1, 2)).view(-1, 1, 1, 1)
        if self.prediction is Prediction.FLOW:
            sigma = (timestep / 1000).view(-1, 1, 1, 1)
            alpha, variance = 1 - sigma, self.spread**2
            x0 = mean + alpha * variance * (x - alpha * mean) / (alpha**2 * variance + sigma**2)
            return (x - x0) / sigma
        table = sigma_table(self.schedule, self.prediction)
        sigma = table.sigma(timestep).view(-1, 1, 1, 1)
        noisy = x * (sigma**2 + 1).sqrt()
        x0 = gaussian_x0(noisy, sigma, mean, self.spread)
        match self.prediction:
            case Prediction.EPS:
                return (noisy - x0) / sigma
            case Prediction.V:
                return (noisy / (sigma**2 + 1) - x0) * (sigma**2 + 1).sqrt() / sigma
            case _:
                return x0


def prompt(mean: float, tokens: int = 2, **keys: Any) -> list[Any]:
    return [[torch.full((1, tokens, 3), mean), keys]]
