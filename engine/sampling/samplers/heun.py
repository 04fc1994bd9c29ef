"""Second-order steps with two evaluations each."""

from __future__ import annotations

from torch import Tensor

from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.steps import StepContext


@sampler("heun")
def heun(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """Heun's method: arXiv:2206.00364, Algorithm 1; a plain Euler step into sigma = 0."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        euler = x + slope * (sigma_next - sigma)
        if sigma_next == 0:
            x = euler
        else:
            slope_next = (euler - denoise(euler, sigma_next)) / sigma_next
            x = x + (slope + slope_next) / 2 * (sigma_next - sigma)
        run.report(step, x0, x)
    return x


@sampler("dpm_2", drops_second_last=True)
def dpm_2(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """Midpoint steps, the midpoint taken in log sigma: arXiv:2206.00927, Algorithm 1."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        if sigma_next > 0:
            middle = (sigma * sigma_next) ** 0.5
            x_middle = x + slope * (middle - sigma)
            slope = (x_middle - denoise(x_middle, middle)) / middle
        x = x + slope * (sigma_next - sigma)
        run.report(step, x0, x)
    return x
