"""Half log signal-to-noise ratio, the variable in which exponential integrators step.

For x = alpha x0 + sigma n: lambda = log(alpha / sigma). alpha is 1 here, or 1 - sigma in a flow
model. Source: arXiv:2206.00927, §2 and §3.1.
"""

from __future__ import annotations

import math

_ALMOST_NOISE = 0.9999
"""Pure noise of a flow model (sigma = 1) has no finite ratio; two-stage steps start from here."""


def alpha_of(sigma: float, flow: bool) -> float:
    """Return the share of the clean latent at a noise level."""
    return 1 - sigma if flow else 1.0


def half_log_snr(sigma: float, flow: bool) -> float:
    """Return lambda = log(alpha / sigma); -inf for the pure noise of a flow model."""
    if not flow:
        return -math.log(sigma)
    return math.log((1 - sigma) / sigma) if sigma < 1 else -math.inf


def finite_half_log_snr(sigma: float, flow: bool) -> float:
    """Return lambda, just short of pure noise in a flow model."""
    return half_log_snr(min(sigma, _ALMOST_NOISE) if flow else sigma, flow)


def sigma_of(half_log: float, flow: bool) -> float:
    """Return the noise level at a lambda."""
    return 1 / (1 + math.exp(half_log)) if flow else math.exp(-half_log)


def phi_1(h: float) -> float:
    """Return 1 - e^-h: the weight of a constant x0 over a step of length h in lambda."""
    return -math.expm1(-h)


def phi_2(h: float) -> float:
    """Return the weight of a slope of x0 over a step: the integral of h e^(-(1-u) h) u du, 0..1.

    Source: arXiv:2211.01095, Appendix B.
    """
    return 1 + math.expm1(-h) / h if abs(h) > _SMALL else h / 2 - h**2 / 6


_SMALL = 1e-5
"""Below it the closed form loses its digits and two terms of the series are exact."""
