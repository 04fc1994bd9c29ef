"""Second-order steps below the next noise level, then fresh noise up to it."""

from __future__ import annotations

from torch import Tensor

from engine.sampling.ancestral import ancestral_step
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import finite_half_log_snr, sigma_of
from engine.sampling.steps import StepContext


@sampler("dpm_2_ancestral", drops_second_last=True)
def dpm_2_ancestral(
    denoise: Denoiser, x: Tensor, run: StepContext, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """Midpoint steps as `dpm_2` (arXiv:2206.00927, Algorithm 1), noise as `euler_ancestral`."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        level = ancestral_step(sigma, sigma_next, eta, flow=run.flow)
        slope = (x - x0) / sigma
        if level.down > 0:
            middle = (sigma * level.down) ** 0.5
            x_middle = x + slope * (middle - sigma)
            slope = (x_middle - denoise(x_middle, middle)) / middle
        x = level.add_noise(x + slope * (level.down - sigma), run, s_noise)
        run.report(step, x0, x)
    return x


@sampler("dpmpp_2s_ancestral")
def dpmpp_2s_ancestral(
    denoise: Denoiser, x: Tensor, run: StepContext, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DPM-Solver++(2S) with r = 1/2, noise as `euler_ancestral`: arXiv:2211.01095, Algorithm 1."""
    for step, sigma, sigma_next in run.steps():
        x0 = data = denoise(x, sigma)
        level = ancestral_step(sigma, sigma_next, eta, flow=run.flow)
        if level.down > 0:
            ends = (finite_half_log_snr(s, run.flow) for s in (sigma, level.down))
            middle = sigma_of(sum(ends) / 2, run.flow)
            ratio = middle / sigma
            data = denoise(ratio * x + (1 - ratio) * x0, middle)
        ratio = level.down / sigma
        x = level.add_noise(ratio * x + (1 - ratio) * data, run, s_noise)
        run.report(step, x0, x)
    return x
