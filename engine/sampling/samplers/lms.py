"""Linear multistep: Adams-Bashforth on an uneven grid."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.slopes import remember_slope, slopes_of
from engine.sampling.steps import StepContext


@sampler("ipndm_v")
@sampler("lms")
def lms(denoise: Denoiser, x: Tensor, run: StepContext, order: int = 4) -> Tensor:
    """Adams-Bashforth steps over the last `order` slopes. Source: arXiv:2206.00364, §3 (LMS).

    With weights for uneven steps it is also iPNDM with variable steps.

    Raises: InvalidValueError, when order < 1.
    """
    if order < 1:
        raise InvalidValueError('Sampler "lms", order', order, "1 or more")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            used = remember_slope(run, step, (x - x0) / sigma, order)
            weights = adams_bashforth([*map(run.sigma, used)], sigma, sigma_next)
            for slope, weight in zip(slopes_of(run, used), weights, strict=True):
                x = x + slope * weight
        run.report(step, x0, x)
    return x


def adams_bashforth(nodes: list[float], start: float, end: float) -> list[float]:
    """Integrate each Lagrange basis polynomial of `nodes` from `start` to `end`, exactly."""
    points, weights = np.asarray(nodes, dtype=np.float64), []
    # Relative to the step, so that high powers of large sigmas do not cancel.
    scaled, length = (points - start) / (end - start), end - start
    for j, node in enumerate(scaled):
        others = np.delete(scaled, j)
        basis = np.polynomial.polynomial.polyfromroots(others) / np.prod(node - others)
        integral = np.polynomial.Polynomial(basis).integ()
        weights.append(float(integral(1.0) - integral(0.0)) * length)
    return weights
