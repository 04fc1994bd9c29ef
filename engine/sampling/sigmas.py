"""Noise levels a model knows: the sigma table and the maps between sigma, timestep and percent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from engine.types import DiffusionModel, NoiseSchedule, Prediction

_TERMINAL_ALPHA_BAR = 4.8973451890853435e-08
"""Keeps the last sigma finite under zero terminal SNR (sigma = 4518.7); the value ComfyUI uses."""

_BEFORE_THE_FIRST_SIGMA = 999999999.9


@dataclass(frozen=True, eq=False)
class SigmaTable:
    """The sigmas of one schedule.

    Attributes:
        sigmas: (S,) float32, rising, on the CPU.
        shift: Of a flow schedule; None for the discrete eps, v and x0 models.
    """

    sigmas: Tensor
    shift: float | None = None

    @property
    def sigma_min(self) -> float:
        """The smallest trained sigma."""
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        """The largest trained sigma."""
        return float(self.sigmas[-1])

    def timestep(self, sigma: Tensor) -> Tensor:
        """Return the network's time input, float32 in the shape and on the device of `sigma`.

        Discrete models: the index of the nearest table entry in log sigma. Flow: 1000 sigma.
        """
        if self.shift is not None:
            return sigma * len(self.sigmas)
        logs = self.sigmas.log().to(sigma.device)
        return (sigma.log().unsqueeze(-1) - logs).abs().argmin(dim=-1).float()

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return sigmas at (fractional) timesteps: log-linear between table entries; float32."""
        if self.shift is not None:
            return flow_sigma(timestep.float() / len(self.sigmas), self.shift)
        logs = self.sigmas.log()
        index = timestep.float().clamp(0, len(logs) - 1)
        low, high = index.floor().long(), index.ceil().long()
        weight = index.frac()
        return ((1 - weight) * logs[low] + weight * logs[high]).exp()

    def at_percent(self, percent: float) -> float:
        """Return the sigma at a share of the run: above every sigma at 0, zero at 1."""
        if percent <= 0:
            return 1.0 if self.shift is not None else _BEFORE_THE_FIRST_SIGMA
        if percent >= 1:
            return 0.0
        if self.shift is not None:
            return float(flow_sigma(torch.tensor(1 - percent), self.shift))
        return float(self.sigma(torch.tensor((1 - percent) * (len(self.sigmas) - 1))))


def flow_sigma(time: Tensor, shift: float) -> Tensor:
    """Shift times in [0, 1] towards the noise. Source: arXiv:2403.03206, Eq. 23."""
    return shift * time / (1 + (shift - 1) * time)


@lru_cache(maxsize=16)
def sigma_table(schedule: NoiseSchedule, prediction: Prediction) -> SigmaTable:
    """Build the table of a schedule; tables are small and shared."""
    if prediction is Prediction.FLOW:
        times = torch.arange(1, schedule.steps + 1, dtype=torch.float64) / schedule.steps
        return SigmaTable(flow_sigma(times, schedule.shift).float(), schedule.shift)
    roots = torch.linspace(
        math.sqrt(schedule.beta_start),
        math.sqrt(schedule.beta_end),
        schedule.steps,
        dtype=torch.float64,
    )
    alpha_bar = (1 - roots**2).cumprod(dim=0)
    if schedule.zero_terminal_snr:
        alpha_bar = _zero_terminal_snr(alpha_bar)
    return SigmaTable(((1 - alpha_bar) / alpha_bar).sqrt().float())


def table_of(model: DiffusionModel) -> SigmaTable:
    """Return the sigma table of a model."""
    return sigma_table(model.schedule, model.prediction)


def _zero_terminal_snr(alpha_bar: Tensor) -> Tensor:
    """Shift and scale sqrt(alpha_bar) to end in (nearly) 0. Source: arXiv:2305.08891, Alg. 1."""
    root = alpha_bar.sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    rescaled = root**2
    rescaled[-1] = _TERMINAL_ALPHA_BAR
    return rescaled
