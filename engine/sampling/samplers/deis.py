"""DEIS: Adams-Bashforth in the time of the variance preserving process."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.slopes import remember_slope, slopes_of
from engine.sampling.steps import StepContext

BETA_MIN, BETA_D = 0.1, 19.9
"""beta(t) = BETA_MIN + BETA_D t over t in [0, 1]. Source: arXiv:2011.13456, Appendix C."""

_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(64)
"""The integrand is smooth over a step: 64 Gauss-Legendre points leave rounding alone."""


@sampler("deis")
def deis(denoise: Denoiser, x: Tensor, run: StepContext, max_order: int = 3) -> Tensor:
    """tAB-DEIS: the slope as a polynomial in t, integrated over sigma.

    Source: arXiv:2204.13902, tAB-DEIS, in the variable x = x0 + sigma n.

    Raises: InvalidValueError, when max_order < 1.
    """
    if max_order < 1:
        raise InvalidValueError('Sampler "deis", max_order', max_order, "1 or more")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            used = remember_slope(run, step, (x - x0) / sigma, max_order)
            weights = deis_weights([*map(run.sigma, used)], sigma_next)
            for slope, weight in zip(slopes_of(run, used), weights, strict=True):
                x = x + slope * weight
        run.report(step, x0, x)
    return x


def deis_weights(nodes: list[float], end: float) -> list[float]:
    """Integrate each Lagrange basis polynomial in t over sigma, from the first node to `end`."""
    times = np.array([vp_time(sigma) for sigma in nodes])
    start, finish = times[0], vp_time(end)
    t = start + (finish - start) * (_POINTS + 1) / 2
    variance = np.expm1(BETA_D * t**2 / 2 + BETA_MIN * t)
    slope = (BETA_D * t + BETA_MIN) * (variance + 1) / (2 * np.sqrt(variance))  # dsigma / dt
    measure = slope * _POINT_WEIGHTS * (finish - start) / 2
    weights = []
    for j, time in enumerate(times):
        others = np.delete(times, j)
        basis = np.prod((t[:, None] - others) / (time - others), axis=1)
        weights.append(float(np.sum(basis * measure)))
    return weights


def vp_time(sigma: float) -> float:
    """Return t with sigma^2 + 1 = exp(BETA_D t^2 / 2 + BETA_MIN t)."""
    exponent = math.log1p(sigma**2)
    return (math.sqrt(BETA_MIN**2 + 2 * BETA_D * exponent) - BETA_MIN) / BETA_D
