"""Schedules: which sigmas a run visits. Pure functions in a declarative table.

Each takes a `SigmaTable` and a number of steps and returns sigmas, (steps + 1,) float32 on the
CPU, falling; where a formula gives another count, its docstring says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from engine.errors import InvalidValueError, UnknownNameError
from engine.sampling.sigmas import SigmaTable

Schedule: TypeAlias = Callable[[SigmaTable, int], Tensor]

_SCHEDULES: dict[str, Schedule] = {}
_NEARLY_ZERO = 1e-5


def schedule(name: str) -> Callable[[Schedule], Schedule]:
    """Register a schedule under the name that workflow files use; menus follow this order."""

    def register(function: Schedule) -> Schedule:
        _SCHEDULES[name] = function
        return function

    return register


def schedule_names() -> list[str]:
    """List the schedules in menu order."""
    return list(_SCHEDULES)


def make_sigmas(table: SigmaTable, name: str, steps: int) -> Tensor:
    """Return the sigmas of a named schedule.

    Raises: UnknownNameError, with the nearest name; InvalidValueError, when steps < 1.
    """
    if name not in _SCHEDULES:
        raise UnknownNameError("scheduler", name, _SCHEDULES)
    if steps < 1:
        raise InvalidValueError('input "steps"', steps, "1 or more")
    return _SCHEDULES[name](table, steps)


@schedule("simple")
def simple(table: SigmaTable, steps: int) -> Tensor:
    """Every (S/steps)-th entry of the table, counted from the noisy end."""
    size = len(table.sigmas)
    picks = [size - 1 - (k * size) // steps for k in range(steps)]
    return _with_zero(table.sigmas[picks])


@schedule("sgm_uniform")
def sgm_uniform(table: SigmaTable, steps: int) -> Tensor:
    """Uniform in timestep over steps + 1 points, the last one left out."""
    return _with_zero(table.sigma(_timesteps(table, steps + 1)[:-1]))


@schedule("karras")
def karras(table: SigmaTable, steps: int) -> Tensor:
    """Uniform in sigma^(1/7). Source: arXiv:2206.00364, Eq. 5."""
    return karras_sigmas(steps, table.sigma_min, table.sigma_max, rho=7.0)


@schedule("exponential")
def exponential(table: SigmaTable, steps: int) -> Tensor:
    """Uniform in log sigma."""
    return polyexponential_sigmas(steps, table.sigma_min, table.sigma_max, rho=1.0)


@schedule("ddim_uniform")
def ddim_uniform(table: SigmaTable, steps: int) -> Tensor:
    """Every ⌊S/steps⌋-th entry from index 1. The count can differ from steps + 1.

    Source: arXiv:2010.02502, Appendix D.2 ("linear" selection).
    """
    ends_in_zero = float(table.sigmas[1]) < _NEARLY_ZERO
    if ends_in_zero:
        steps += 1
    stride = max(len(table.sigmas) // steps, 1)
    picked = table.sigmas[1::stride].flip(0)
    return picked if ends_in_zero else _with_zero(picked)


@schedule("beta")
def beta(table: SigmaTable, steps: int) -> Tensor:
    """Table entries at quantiles of Beta(0.6, 0.6): denser at both ends.

    Repeats are left out, so the count can differ from steps + 1. Source: arXiv:2407.12173.
    """
    return beta_sigmas(table, steps, 0.6, 0.6)


@schedule("normal")
def normal(table: SigmaTable, steps: int) -> Tensor:
    """Uniform in timestep, both ends included."""
    last = table.sigma(table.timestep(torch.tensor(table.sigma_min)))
    if float(last) < _NEARLY_ZERO:
        return table.sigma(_timesteps(table, steps + 1))
    return _with_zero(table.sigma(_timesteps(table, steps)))


@schedule("linear_quadratic")
def linear_quadratic(table: SigmaTable, steps: int) -> Tensor:
    """A short linear start, then quadratic. Source: arXiv:2410.13720, §3.4.2, threshold 0.025."""
    if steps == 1:
        return torch.tensor([1.0, 0.0]) * table.sigma_max
    threshold, linear = 0.025, steps // 2
    rest = linear - threshold * steps
    a = rest / (linear * (steps - linear) ** 2)
    b = threshold / linear - 2 * rest / (steps - linear) ** 2
    c = a * linear**2
    done = [threshold * j / linear for j in range(linear)]
    done += [a * j**2 + b * j + c for j in range(linear, steps)]
    return (1 - torch.tensor([*done, 1.0])) * table.sigma_max


@schedule("kl_optimal")
def kl_optimal(table: SigmaTable, steps: int) -> Tensor:
    """Uniform in arctan sigma. Source: Align Your Steps, arXiv:2404.14507, §3.1."""
    ends = math.atan(table.sigma_max), math.atan(table.sigma_min)
    return _with_zero(torch.linspace(*ends, steps, dtype=torch.float64).tan().float())


def karras_sigmas(steps: int, sigma_min: float, sigma_max: float, rho: float) -> Tensor:
    """Return sigmas uniform in sigma^(1/rho), 0 appended. Source: arXiv:2206.00364, Eq. 5."""
    if rho <= 0:
        raise InvalidValueError('input "rho"', rho, "a number above 0")
    ends = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    return _with_zero((torch.linspace(*ends, steps, dtype=torch.float64) ** rho).float())


def polyexponential_sigmas(steps: int, sigma_min: float, sigma_max: float, rho: float) -> Tensor:
    """Return sigmas polynomial in log sigma, 0 appended; rho = 1 is uniform in log sigma.

    Raises: InvalidValueError, when a sigma is not above 0, since it has no logarithm.
    """
    for name, value in (("sigma_min", sigma_min), ("sigma_max", sigma_max)):
        if value <= 0:
            raise InvalidValueError(f'input "{name}"', value, "a number above 0")
    ramp = torch.linspace(1, 0, steps, dtype=torch.float64) ** rho
    logs = ramp * math.log(sigma_max / sigma_min) + math.log(sigma_min)
    return _with_zero(logs.exp().float())


def beta_sigmas(table: SigmaTable, steps: int, alpha: float, beta: float) -> Tensor:
    """Return table entries at quantiles of Beta(alpha, beta), repeats left out, 0 appended.

    Raises: InvalidValueError, when alpha or beta is not above 0.
    """
    from scipy.special import betaincinv

    for name, value in (("alpha", alpha), ("beta", beta)):
        if value <= 0:
            raise InvalidValueError(f'input "{name}"', value, "a number above 0")
    quantiles = betaincinv(alpha, beta, 1 - np.arange(steps) / steps)
    picks = np.rint(quantiles * (len(table.sigmas) - 1)).astype(np.int64)
    repeats = np.diff(picks, prepend=-1) == 0
    return _with_zero(table.sigmas[picks[~repeats]])


def vp_sigmas(steps: int, beta_d: float, beta_min: float, end_time: float) -> Tensor:
    """Return sigmas uniform in the time of the variance preserving process, 0 appended.

    Source: arXiv:2206.00364, Table 1 (VP).
    """
    time = torch.linspace(1, end_time, steps, dtype=torch.float64)
    return _with_zero((beta_d * time**2 / 2 + beta_min * time).expm1().sqrt().float())


def laplace_sigmas(
    steps: int, sigma_min: float, sigma_max: float, mu: float, beta: float
) -> Tensor:
    """Return `steps` sigmas whose logarithms are quantiles of Laplace(mu, beta); no 0 appended.

    Source: arXiv:2407.03297, Table 1 (Laplace).
    """
    centred = 0.5 - torch.linspace(0, 1, steps, dtype=torch.float64)
    logs = mu - beta * centred.sign() * (1 - 2 * centred.abs() + _NEARLY_ZERO).log()
    return logs.exp().clamp(sigma_min, sigma_max).float()


def turbo_sigmas(table: SigmaTable, steps: int, denoise: float) -> Tensor:
    """Return up to `steps` sigmas at timesteps 999, 899 … 99, 0 appended.

    Args:
        denoise: In [0, 1]; below 1 the first tenths are left out.

    Source: arXiv:2311.17042, §3.1, the timesteps of the student.
    """
    timesteps = torch.arange(999, 0, -100)
    first = len(timesteps) - int(len(timesteps) * denoise)
    return _with_zero(table.sigma(timesteps[first : first + steps]))


def _timesteps(table: SigmaTable, count: int) -> Tensor:
    """Timesteps from the largest to the smallest sigma."""
    ends = table.timestep(torch.tensor([table.sigma_max, table.sigma_min]))
    return torch.linspace(float(ends[0]), float(ends[1]), count)


def _with_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])
