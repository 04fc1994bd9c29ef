"""Euler steps, with and without fresh noise."""

from __future__ import annotations

from torch import Tensor

from engine.sampling.ancestral import ancestral_step
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


@sampler("ddpm")
@sampler("euler_ancestral")
def euler_ancestral(
    denoise: Denoiser, x: Tensor, run: StepContext, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Euler steps below the next sigma, then fresh noise up to it.

    Source: arXiv:2010.02502, Eq. 12 and 16; eta = 0 is Euler, and eta = 1 draws from the posterior
    of DDPM: arXiv:2006.11239, Eq. 6 and 7.
    """
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        else:
            level = ancestral_step(sigma, sigma_next, eta, flow=run.flow)
            x = x + (x - x0) / sigma * (level.down - sigma)
            x = level.add_noise(x, run, s_noise)
        run.report(step, x0, x)
    return x
