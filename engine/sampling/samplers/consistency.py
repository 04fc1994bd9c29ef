"""Sampling of models that jump to the clean latent from any noise level."""

from __future__ import annotations

from torch import Tensor

from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import alpha_of
from engine.sampling.steps import StepContext


@sampler("lcm")
def lcm(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """Jump to the estimate, then noise it anew: arXiv:2303.01469, Algorithm 1."""
    for step, sigma, sigma_next in run.steps():
        x = x0 = denoise(x, sigma)
        if sigma_next > 0:
            x = alpha_of(sigma_next, run.flow) * x0 + run.noise() * sigma_next
        run.report(step, x0, x)
    return x
