"""Where packs put sampler functions, as `sample_<name>`, and the tools such functions use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.compat.hosting.missing import unoffered
from engine.sampling.ancestral import ancestral_sigmas
from engine.sampling.noise import StepNoise
from engine.sampling.schedules import karras_sigmas, polyexponential_sigmas

__getattr__ = unoffered(__name__)


def append_zero(x: Tensor) -> Tensor:
    """Return a 1-D tensor with a 0 behind."""
    return torch.cat([x, x.new_zeros(1)])


def to_d(x: Tensor, sigma: Any, denoised: Tensor) -> Tensor:
    """Return the slope dx/dsigma. Source: arXiv:2206.00364, Eq. 3."""
    level = torch.as_tensor(sigma, device=x.device)
    return (x - denoised) / level.reshape(level.shape + (1,) * (x.dim() - level.dim()))


def get_ancestral_step(sigma_from: Any, sigma_to: Any, eta: float = 1.0) -> tuple[float, float]:
    """Return (sigma_down, sigma_up): where to step to, and the noise that leads up from there."""
    return ancestral_sigmas(float(sigma_from), float(sigma_to), eta)


def default_noise_sampler(x: Tensor, seed: int | None = None) -> Callable[[Any, Any], Tensor]:
    """Return (sigma, sigma_next) -> fresh standard normal noise in the shape of `x`."""
    if seed is None:
        return lambda sigma, sigma_next: torch.randn_like(x)
    noise = StepNoise(x, seed)
    return lambda sigma, sigma_next: noise.draw()


def get_sigmas_karras(
    n: int, sigma_min: float, sigma_max: float, rho: float = 7.0, device: Any = "cpu"
) -> Tensor:
    """Return sigmas after Karras et al., 0 appended."""
    return karras_sigmas(n, sigma_min, sigma_max, rho).to(device)


def get_sigmas_exponential(
    n: int, sigma_min: float, sigma_max: float, device: Any = "cpu"
) -> Tensor:
    """Return sigmas uniform in their logarithm, 0 appended."""
    return polyexponential_sigmas(n, sigma_min, sigma_max, 1.0).to(device)


def get_sigmas_polyexponential(
    n: int, sigma_min: float, sigma_max: float, rho: float = 1.0, device: Any = "cpu"
) -> Tensor:
    """Return sigmas polynomial in their logarithm, 0 appended."""
    return polyexponential_sigmas(n, sigma_min, sigma_max, rho).to(device)
