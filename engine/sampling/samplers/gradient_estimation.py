"""Gradient estimation: Euler steps along an extrapolated slope."""

from __future__ import annotations

from torch import Tensor

from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.steps import StepContext


@sampler("gradient_estimation")
def gradient_estimation(
    denoise: Denoiser, x: Tensor, run: StepContext, ge_gamma: float = 2.0
) -> Tensor:
    """Step along gamma d + (1 - gamma) d_old: arXiv:2306.04848, §4."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        old = run.memory.get("slope", slope)
        extrapolated = old + (slope - old) * ge_gamma
        x = x + extrapolated * (sigma_next - sigma) if sigma_next > 0 else x0
        run.memory["slope"] = slope
        run.report(step, x0, x)
    return x
