"""CFG++: the estimate is guided, the noise that stays in it is not."""

from __future__ import annotations

import math

from torch import Tensor

from engine.sampling.ancestral import ancestral_sigmas
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import alpha_of, finite_half_log_snr
from engine.sampling.steps import StepContext


@sampler("euler_cfg_pp", needs_unguided=True, eta=0.0)
@sampler("euler_ancestral_cfg_pp", needs_unguided=True)
def euler_cfg_pp(
    denoise: Denoiser, x: Tensor, run: StepContext, eta: float = 1.0, s_noise: float = 1.0
) -> Tensor:
    """DDIM with CFG++: arXiv:2406.08070, Algorithm 2; noise as `euler_ancestral`.

    Guidance between 0 and 2 is usual: it counts fully in each step, not only a step's share of it.
    """
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        else:
            noise = (x - alpha_of(sigma, run.flow) * run.unguided(x0)) / sigma
            start, end = (math.exp(-finite_half_log_snr(s, run.flow)) for s in (sigma, sigma_next))
            down, up = ancestral_sigmas(start, end, eta)
            x = alpha_of(sigma_next, run.flow) * (x0 + down * noise)
            if up > 0:
                x = x + run.noise() * (alpha_of(sigma_next, run.flow) * s_noise * up)
        run.report(step, x0, x)
    return x
