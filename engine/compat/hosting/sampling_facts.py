"""Noise levels and latent spaces as packs read them from a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.compat.hosting.missing import Facade
from engine.sampling.denoiser import clean_estimate, noised
from engine.sampling.sample import scale_in, scale_out
from engine.sampling.sigmas import SigmaTable, table_of
from engine.types import DiffusionModel, LatentFormat, Prediction


class SigmaFacts(Facade):
    """A sigma table and its maps between sigma, timestep and share of the run."""

    def __init__(self, table: SigmaTable) -> None:
        self._table = table

    @property
    def table(self) -> SigmaTable:
        """The engine's table."""
        return self._table

    @property
    def sigmas(self) -> Tensor:
        """(S,) float32, rising."""
        return self._table.sigmas

    @property
    def sigma_min(self) -> Tensor:
        """The smallest sigma, a scalar tensor."""
        return self._table.sigmas[0]

    @property
    def sigma_max(self) -> Tensor:
        """The largest sigma, a scalar tensor."""
        return self._table.sigmas[-1]

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return sigmas at timesteps."""
        return self._table.sigma(torch.as_tensor(timestep))

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return the network's time input at sigmas."""
        return self._table.timestep(torch.as_tensor(sigma))

    def percent_to_sigma(self, percent: float) -> float:
        """Return the sigma at a share of the run, 0 to 1."""
        return self._table.at_percent(percent)


class ModelSampling(SigmaFacts):
    """A model's noise levels and what its network predicts."""

    def __init__(self, model: DiffusionModel) -> None:
        super().__init__(table_of(model))
        self._model = model

    def noise_scaling(
        self, sigma: Tensor, noise: Tensor, latent_image: Tensor, max_denoise: bool = False
    ) -> Tensor:
        """Return a (scaled) latent at noise level `sigma`."""
        level = float(torch.as_tensor(sigma).flatten()[0])
        return noised(
            self._model.prediction, noise, latent_image, level, from_pure_noise=max_denoise
        )

    def calculate_input(self, sigma: Tensor, noise: Tensor) -> Tensor:
        """Scale a noisy latent to the network's input variance."""
        if self._model.prediction is Prediction.FLOW:
            return noise
        return noise / (_broadcast(sigma, noise) ** 2 + 1).sqrt()

    def calculate_denoised(
        self, sigma: Tensor, model_output: Tensor, model_input: Tensor
    ) -> Tensor:
        """Return x0 from a network's output."""
        level = _broadcast(sigma, model_output)
        return clean_estimate(self._model.prediction, model_input, level, model_output)


class LatentFormatFacts(Facade):
    """A latent space: scale, channels and a preview matrix."""

    def __init__(self, native: LatentFormat) -> None:
        self._native = native
        self.scale_factor = native.scale
        self.shift_factor = native.shift
        self.latent_channels = native.channels
        self.latent_dimensions = 2
        self.latent_rgb_factors: list[list[float]] | None = (
            None if native.rgb is None else [list(row) for row in native.rgb]
        )
        self.latent_rgb_factors_bias: list[float] | None = (
            None if native.rgb is None else list(native.rgb_bias)
        )

    @property
    def native(self) -> LatentFormat:
        """The engine's description."""
        return self._native

    def process_in(self, latent: Tensor) -> Tensor:
        """Return a latent as the network sees it."""
        return scale_in(latent, self._native)

    def process_out(self, latent: Tensor) -> Tensor:
        """Undo `process_in`."""
        return scale_out(latent, self._native)


def _broadcast(sigma: Any, like: Tensor) -> Tensor:
    level = torch.as_tensor(sigma, device=like.device)
    return level.view(level.shape[:1] + (1,) * (like.dim() - 1))
