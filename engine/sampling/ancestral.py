"""Ancestral steps: go below the next noise level, then up to it with fresh noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from engine.sampling.steps import StepContext


@dataclass(frozen=True, slots=True)
class AncestralStep:
    """Where a step goes and how the noise leads up from there: x' = keep x_down + renoise n.

    Attributes:
        down: Noise level to step to.
        keep: Share of the latent that stays; below 1 in flow models only.
        renoise: Strength of the fresh noise.
    """

    down: float
    keep: float
    renoise: float

    def add_noise(self, x: Tensor, run: StepContext, s_noise: float) -> Tensor:
        """Return the latent at the next noise level; draws only when noise is to be added."""
        if self.renoise == 0:
            return x
        return self.keep * x + run.noise() * (s_noise * self.renoise)


def ancestral_step(sigma: float, sigma_next: float, eta: float, *, flow: bool) -> AncestralStep:
    """Split a step into a way down and fresh noise; eta = 0 adds none.

    Source: arXiv:2010.02502, Eq. 16 (sigma_up; eta = 1 is the posterior's variance). In a flow
    model signal and noise both rescale on the way up.
    """
    if eta <= 0 or sigma_next == 0:
        return AncestralStep(sigma_next, 1.0, 0.0)
    if not flow:
        down, up = ancestral_sigmas(sigma, sigma_next, eta)
        return AncestralStep(down, 1.0, up)
    down = max(sigma_next * (1 + (sigma_next / sigma - 1) * eta), 0.0)
    keep = (1 - sigma_next) / (1 - down) if down < 1 else 1.0
    return AncestralStep(down, keep, math.sqrt(max(sigma_next**2 - (down * keep) ** 2, 0.0)))


def ancestral_sigmas(sigma: float, sigma_next: float, eta: float) -> tuple[float, float]:
    """Return (sigma_down, sigma_up) for x = x0 + sigma n. Source: arXiv:2010.02502, Eq. 16."""
    posterior = sigma_next * math.sqrt(max(sigma**2 - sigma_next**2, 0.0)) / sigma
    sigma_up = min(sigma_next, eta * posterior)
    return math.sqrt(sigma_next**2 - sigma_up**2), sigma_up
