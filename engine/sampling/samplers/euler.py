"""Euler steps, with and without fresh noise."""

from __future__ import annotations

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.steps import StepContext


@sampler("ddim", redraws_mask_noise=True)
@sampler("euler")
def euler(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """Euler steps: arXiv:2206.00364, Algorithm 2 without churn or correction.

    In the variable x = x0 + sigma n this is also DDIM with eta = 0: arXiv:2010.02502, Eq. 13.
    """
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        x = x + slope * (sigma_next - sigma)
        run.report(step, x0, x)
    return x


@sampler("euler_ancestral")
def euler_ancestral(
    denoise: Denoiser, x: Tensor, run: StepContext, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Euler steps below the next sigma, then fresh noise up to it.

    Source: arXiv:2010.02502, Eq. 16 (sigma_up); eta = 0 is Euler, 1 the posterior's variance.
    """
    advance = _flow_step if run.flow else _ancestral_step
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        x = advance(x, x0, sigma, sigma_next, run, eta, s_noise)
        run.report(step, x0, x)
    return x


def ancestral_sigmas(sigma: float, sigma_next: float, eta: float) -> tuple[float, float]:
    """Return (sigma_down, sigma_up): where to step to, and the noise that leads up from there."""
    posterior = sigma_next * math.sqrt(max(sigma**2 - sigma_next**2, 0.0)) / sigma
    sigma_up = min(sigma_next, eta * posterior)
    return math.sqrt(sigma_next**2 - sigma_up**2), sigma_up


def _ancestral_step(
    x: Tensor,
    x0: Tensor,
    sigma: float,
    sigma_next: float,
    run: StepContext,
    eta: float,
    s_noise: float,
) -> Tensor:
    if sigma_next == 0:
        return x0
    sigma_down, sigma_up = ancestral_sigmas(sigma, sigma_next, eta)
    x = x + (x - x0) / sigma * (sigma_down - sigma)
    return x + run.noise() * (s_noise * sigma_up)


def _flow_step(
    x: Tensor,
    x0: Tensor,
    sigma: float,
    sigma_next: float,
    run: StepContext,
    eta: float,
    s_noise: float,
) -> Tensor:
    """As `_ancestral_step` for x = (1 - sigma) x0 + sigma n: signal and noise both rescale."""
    if sigma_next == 0:
        return x0
    sigma_down = sigma_next * (1 + (sigma_next / sigma - 1) * eta)
    x = (sigma_down / sigma) * x + (1 - sigma_down / sigma) * x0
    if eta <= 0:
        return x
    alpha_ratio = (1 - sigma_next) / (1 - sigma_down)
    renoise = math.sqrt(max(sigma_next**2 - (sigma_down * alpha_ratio) ** 2, 0.0))
    return alpha_ratio * x + run.noise() * (s_noise * renoise)
