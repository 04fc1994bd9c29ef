"""DPM-Solver++ multistep, deterministic and stochastic.

Letters as in arXiv:2211.01095: lambda is half the log signal-to-noise ratio, h its step.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import half_log_snr
from engine.sampling.steps import StepContext


@sampler("dpmpp_2m")
def dpmpp_2m(denoise: Denoiser, x: Tensor, run: StepContext) -> Tensor:
    """DPM-Solver++(2M): arXiv:2211.01095, Algorithm 2; first order at both ends."""
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        x0_old = run.memory.get("x0")
        data = x0
        if x0_old is not None and sigma_next > 0 and run.sigma(step - 1) != sigma:
            h, h_last = math.log(sigma / sigma_next), math.log(run.sigma(step - 1) / sigma)
            data = x0 + (x0 - x0_old) * (h / (2 * h_last))
        ratio = sigma_next / sigma
        x = ratio * x + (1 - ratio) * data
        run.memory["x0"] = x0
        run.report(step, x0, x)
    return x


@sampler("dpmpp_2m_sde")
@sampler("dpmpp_2m_sde_gpu", noise_device="gpu")
@sampler("dpmpp_2m_sde_heun", solver_type="heun")
@sampler("dpmpp_2m_sde_heun_gpu", solver_type="heun", noise_device="gpu")
def dpmpp_2m_sde(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: Literal["midpoint", "heun"] = "midpoint",
    noise_device: Literal["cpu", "gpu"] = "cpu",
) -> Tensor:
    """SDE-DPM-Solver++(2M): arXiv:2211.01095, Eq. 18, with noise share eta.

    Args:
        noise_device: Where the Brownian path is drawn; on the CPU it is the same everywhere.

    Raises: InvalidValueError, for an unknown solver type.
    """
    if solver_type not in ("midpoint", "heun"):
        raise InvalidValueError('Sampler setting "solver_type"', solver_type, "midpoint or heun")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            h = half_log_snr(sigma_next, run.flow) - half_log_snr(sigma, run.flow)
            spread = eta * h if eta else 0.0  # h is infinite from pure noise in a flow model
            alpha, decay = (1 - sigma_next if run.flow else 1.0), -math.expm1(-h - spread)
            x = (sigma_next / sigma) * math.exp(-spread) * x + (alpha * decay) * x0
            x0_old = run.memory.get("x0")
            if x0_old is not None and run.sigma(step - 1) != sigma:
                h_last = half_log_snr(sigma, run.flow) - half_log_snr(run.sigma(step - 1), run.flow)
                share = decay / 2 if solver_type == "midpoint" else 1 - decay / (h + spread)
                x = x + (x0 - x0_old) * (alpha * share * h / h_last)
            if eta:
                noise = run.brownian_noise(sigma, sigma_next, on_cpu=noise_device == "cpu")
                x = x + noise * (s_noise * sigma_next * math.sqrt(-math.expm1(-2 * spread)))
        run.memory["x0"] = x0
        run.report(step, x0, x)
    return x
