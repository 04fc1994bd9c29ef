"""SEEDS: exponential integrators of the reverse-time SDE with noise in every stage."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import alpha_of, finite_half_log_snr, phi_1, phi_2, sigma_of
from engine.sampling.steps import StepContext


@sampler("seeds_2")
def seeds_2(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Tensor:
    """SEEDS-2 for data prediction (arXiv:2305.14267); eta = 0 is a second-order ODE solver.

    Args:
        r: Where the middle stage lies, as a share of the step in lambda.

    Raises: InvalidValueError, when r is not between 0 and 1.
    """
    if not 0 < r <= 1:
        raise InvalidValueError('Sampler setting "r"', r, "above 0 and at most 1")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            stage = _Stages(x, (sigma, sigma_next), run, (eta, s_noise), (r, 1.0))
            middle = stage.latent(0, x0)
            data = x0 + (denoise(middle, stage.sigmas[0]) - x0) / (2 * r)
            x = stage.latent(1, data)
        run.report(step, x0, x)
    return x


@sampler("seeds_3")
def seeds_3(
    denoise: Denoiser,
    x: Tensor,
    run: StepContext,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r_1: float = 1 / 3,
    r_2: float = 2 / 3,
) -> Tensor:
    """SEEDS-3 for data prediction (arXiv:2305.14267); eta = 0 is a third-order ODE solver.

    Args:
        r_1: Where the second stage lies, as a share of the step in lambda.
        r_2: Where the third stage lies.

    Raises: InvalidValueError, unless 0 < r_1 < r_2 <= 1.
    """
    if not 0 < r_1 < r_2 <= 1:
        raise InvalidValueError('Sampler settings "r_1", "r_2"', (r_1, r_2), "0 < r_1 < r_2 <= 1")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            stage = _Stages(x, (sigma, sigma_next), run, (eta, s_noise), (r_1, r_2, 1.0))
            second = denoise(stage.latent(0, x0), stage.sigmas[0])
            third = denoise(stage.latent(1, x0, (second - x0) / r_1), stage.sigmas[1])
            x = stage.latent(2, x0, (third - x0) / r_2)
        run.report(step, x0, x)
    return x


class _Stages:
    """The stages of one step: all start from the same latent and share one path of noise."""

    def __init__(
        self,
        x: Tensor,
        sigmas: tuple[float, float],
        run: StepContext,
        strength: tuple[float, float],
        places: Sequence[float],
    ) -> None:
        self._x, self._run = x, run
        self._eta, self._s_noise = strength
        self._places = places
        start, end = (finite_half_log_snr(s, run.flow) for s in sigmas)
        self._h, self._start = end - start, sigmas[0]
        inner = [sigma_of(start + c * self._h, run.flow) for c in places[:-1]]
        self.sigmas = [*inner, sigmas[1]]
        self._noise: Tensor | None = None

    def latent(self, index: int, x0: Tensor, slope: Tensor | None = None) -> Tensor:
        """Return the latent of a stage, for x0 + slope u with u from 0 to 1 over the step.

        Each call goes on along the path of noise, so stages are asked for in order.
        """
        place, sigma = self._places[index], self.sigmas[index]
        length = place * self._h * (1 + self._eta)
        data = phi_1(length) * x0
        if slope is not None:
            data = data + slope * (place * phi_2(length))
        kept = math.exp(-place * self._h * self._eta) * sigma / self._start
        x = kept * self._x + alpha_of(sigma, self._run.flow) * data
        if self._eta <= 0 or self._s_noise == 0:
            return x
        return x + self._walk(index) * (sigma * self._s_noise)

    def _walk(self, index: int) -> Tensor:
        """Add the noise between the last stage and this one to what came before, faded."""
        last = self._places[index - 1] if index else 0.0
        fade = (self._places[index] - last) * self._h * self._eta
        noise = self._run.noise() * math.sqrt(phi_1(2 * fade))
        if self._noise is not None:
            noise = noise + self._noise * math.exp(-fade)
        self._noise = noise
        return noise
