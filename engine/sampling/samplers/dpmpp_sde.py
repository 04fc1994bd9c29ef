"""SDE-DPM-Solver++: two-stage, and multistep over three estimates.

Letters as in arXiv:2211.01095: lambda is half the log signal-to-noise ratio, h its step.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.ancestral import ancestral_sigmas
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import alpha_of, finite_half_log_snr, phi_1, phi_2, sigma_of
from engine.sampling.steps import StepContext


@sampler("dpmpp_sde")
@sampler("dpmpp_sde_gpu", noise_device="gpu")
def dpmpp_sde(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
    noise_device: Literal["cpu", "gpu"] = "cpu",
) -> Tensor:
    """DPM-Solver++(2S) with fresh noise in both stages: arXiv:2211.01095, Algorithm 1 and §5.

    Args:
        r: Where the first stage ends, as a share of the step in lambda.
        noise_device: Where the Brownian path is drawn; on the CPU it is the same everywhere.

    Raises: InvalidValueError, when r <= 0.
    """
    if r <= 0:
        raise InvalidValueError('Sampler setting "r"', r, "a number above 0")
    on_cpu = noise_device == "cpu"
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            start, end = (finite_half_log_snr(s, run.flow) for s in (sigma, sigma_next))
            middle = sigma_of(start + r * (end - start), run.flow)
            x_middle = _noisy_step(x, x0, sigma, middle, run, eta, s_noise, on_cpu)
            data = x0 + (denoise(x_middle, middle) - x0) / (2 * r)
            x = _noisy_step(x, data, sigma, sigma_next, run, eta, s_noise, on_cpu)
        run.report(step, x0, x)
    return x


def _noisy_step(
    x: Tensor,
    data: Tensor,
    sigma: float,
    end: float,
    run: StepContext,
    eta: float,
    s_noise: float,
    on_cpu: bool,
) -> Tensor:
    """Step with a constant x0, ancestral in the ratio sigma / alpha; noise of the Brownian path."""
    start, finish = (math.exp(-finite_half_log_snr(s, run.flow)) for s in (sigma, end))
    down, up = ancestral_sigmas(start, finish, eta)
    alpha, ratio = alpha_of(end, run.flow), down / start
    # x / (alpha of sigma) = x start / sigma, finite in a flow model's pure noise as well.
    x = (alpha * down / sigma) * x + (alpha * (1 - ratio)) * data
    if up == 0:
        return x
    return x + run.brownian_noise(sigma, end, on_cpu=on_cpu) * (s_noise * alpha * up)


@sampler("dpmpp_3m_sde")
@sampler("dpmpp_3m_sde_gpu", noise_device="gpu")
def dpmpp_3m_sde(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    eta: float = 1.0,
    s_noise: float = 1.0,
    noise_device: Literal["cpu", "gpu"] = "cpu",
) -> Tensor:
    """SDE-DPM-Solver++(3M): an exponential integrator through the last three estimates.

    Source: arXiv:2211.01095, §5. As in the authors' multistep solver the second
    difference counts half of what the interpolating polynomial asks for: the order is two.

    Args:
        noise_device: Where the Brownian path is drawn; on the CPU it is the same everywhere.
    """
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            start, end = (finite_half_log_snr(s, run.flow) for s in (sigma, sigma_next))
            h = end - start
            spread = h * (1 + eta)
            alpha = alpha_of(sigma_next, run.flow)
            x = (sigma_next / sigma * math.exp(-h * eta)) * x + (alpha * phi_1(spread)) * x0
            for weight, difference in _corrections(x0, h, spread, start, run):
                x = x + difference * (alpha * weight)
            if eta:
                noise = run.brownian_noise(sigma, sigma_next, on_cpu=noise_device == "cpu")
                x = x + noise * (s_noise * sigma_next * math.sqrt(phi_1(2 * h * eta)))
            _remember(run, x0, h)
        run.report(step, x0, x)
    return x


def _corrections(
    x0: Tensor, h: float, spread: float, start: float, run: StepContext
) -> list[tuple[float, Tensor]]:
    """Return weights and divided differences of x0 over lambda, in units of h."""
    memory = run.memory
    if "x0" not in memory:
        return []
    r0 = float(memory["h"]) / h
    first = (x0 - memory["x0"]) / r0
    if "x0 before" not in memory:
        return [(phi_2(spread), first)]
    r1 = float(memory["h before"]) / h
    second = (first - (memory["x0"] - memory["x0 before"]) / r1) / (r0 + r1)
    return [(phi_2(spread), first + second * r0), (0.5 - phi_2(spread) / spread, second)]


def _remember(run: StepContext, x0: Tensor, h: float) -> None:
    memory = run.memory
    if "x0" in memory:
        memory["x0 before"], memory["h before"] = memory["x0"], memory["h"]
    memory["x0"], memory["h"] = x0, torch.tensor(h, dtype=torch.float64)
