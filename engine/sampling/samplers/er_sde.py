"""ER-SDE: solvers of the extended reverse-time SDE."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import alpha_of, finite_half_log_snr
from engine.sampling.steps import StepContext

SolverType = Literal["ER-SDE", "Reverse-time SDE", "ODE"]
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(64)


@sampler("er_sde")
def er_sde(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    s_noise: float = 1.0,
    max_stage: int = 3,
    solver_type: SolverType = "ER-SDE",
    eta: float = 1.0,
) -> Tensor:
    """ER-SDE-Solver of stage 1 to 3, for variance exploding data: arXiv:2309.06169.

    Everything is done in x / alpha and ratio = sigma / alpha. phi(ratio) decides how much noise is
    taken away and added anew; x0 is a polynomial in the ratio through the last estimates.

    Args:
        max_stage: Estimates looked back on, 1 to 3.
        solver_type: phi is s (e^(s^0.3) + 10), s^(1 + eta) or s, which adds no noise.
        eta: Of the reverse-time SDE.

    Raises: InvalidValueError.
    """
    if not 1 <= max_stage <= 3:
        raise InvalidValueError('Sampler setting "max_stage"', max_stage, "1 to 3")
    phi = _noise_scale(solver_type, eta)
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            x = _step(x, x0, (sigma, sigma_next), run, phi, s_noise, max_stage)
        run.report(step, x0, x)
    return x


def _noise_scale(solver_type: str, eta: float) -> Callable[[float], float]:
    match solver_type:
        case "ER-SDE":
            return lambda s: s * (math.exp(s**0.3) + 10)
        case "Reverse-time SDE":
            return lambda s: s ** (1 + eta)
        case "ODE":
            return lambda s: s
    expected = "ER-SDE, Reverse-time SDE or ODE"
    raise InvalidValueError('Sampler setting "solver_type"', solver_type, expected)


def _step(
    x: Tensor,
    x0: Tensor,
    sigmas: tuple[float, float],
    run: StepContext,
    phi: Callable[[float], float],
    s_noise: float,
    max_stage: int,
) -> Tensor:
    start, end = (math.exp(-finite_half_log_snr(s, run.flow)) for s in sigmas)
    alpha = alpha_of(sigmas[1], run.flow)
    kept = phi(end) / phi(start)
    # x / (alpha of the first sigma) = x start / sigma, finite in a flow model's pure noise as well.
    x = (alpha * kept * start / sigmas[0]) * x + (alpha * (1 - kept)) * x0
    weights = derivative_weights(start, end, phi)
    for derivative, weight in zip(_derivatives(run, x0, start, max_stage), weights, strict=False):
        x = x + derivative * (alpha * weight)
    added = end**2 - (start * kept) ** 2
    if added <= 1e-12 * end**2 or s_noise == 0:  # rounding of a phi that adds none
        return x
    return x + run.noise() * (alpha * s_noise * math.sqrt(added))


def derivative_weights(
    start: float, end: float, phi: Callable[[float], float]
) -> tuple[float, float]:
    """Return what x0' and x0'' at `start` contribute to x / alpha at `end`."""
    # Over log s the integrands are smooth: 64 Gauss-Legendre points leave rounding alone.
    low, high = math.log(end), math.log(start)
    s = np.exp(low + (high - low) * (_POINTS + 1) / 2)
    inverse = s / np.array([phi(float(point)) for point in s]) * _POINT_WEIGHTS * (high - low) / 2
    first = end - start + phi(end) * float(inverse.sum())
    second = (end - start) ** 2 / 2 + phi(end) * float((inverse * (s - start)).sum())
    return first, second


def _derivatives(run: StepContext, x0: Tensor, ratio: float, max_stage: int) -> list[Tensor]:
    """Return divided differences of x0 over the ratio, and remember this estimate."""
    memory, found = run.memory, list[Tensor]()
    if "x0" in memory and max_stage > 1:
        last = float(memory["ratio"])
        found.append((x0 - memory["x0"]) / (ratio - last))
        if "slope" in memory and max_stage > 2:
            middle = (ratio - float(memory["ratio before"])) / 2
            found.append((found[0] - memory["slope"]) / middle)
        memory["slope"], memory["ratio before"] = found[0], memory["ratio"]
    memory["x0"], memory["ratio"] = x0, torch.tensor(ratio, dtype=torch.float64)
    return found
