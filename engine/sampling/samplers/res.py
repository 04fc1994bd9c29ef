"""RES: exponential integrators over -log sigma."""

from __future__ import annotations

import math

from torch import Tensor

from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import phi_1, phi_2
from engine.sampling.steps import StepContext


@sampler("res_multistep")
def res_multistep(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """Second-order multistep: arXiv:2308.02157; first order at both ends."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        x0_old = run.memory.get("x0")
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            h = math.log(sigma / sigma_next)
            x = (sigma_next / sigma) * x + phi_1(h) * x0
            if x0_old is not None and run.sigma(step - 1) != sigma:
                h_last = math.log(run.sigma(step - 1) / sigma)
                x = x + (x0 - x0_old) * (phi_2(h) * h / h_last)
        run.memory["x0"] = x0
        run.report(step, x0, x)
    return x
