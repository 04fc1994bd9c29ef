"""Nodes that make noise levels."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.sampling.ksampler import scheduled_sigmas
from engine.sampling.schedules import (
    beta_sigmas,
    karras_sigmas,
    laplace_sigmas,
    polyexponential_sigmas,
    turbo_sigmas,
    vp_sigmas,
)
from engine.sampling.sigmas import table_of
from engine.types import Model, Sigmas
from nodes.sampling.widgets import SchedulerName, Share, SigmaValue, Steps, Wide

CATEGORY = "sampling/custom_sampling/schedulers"

BetaShape: TypeAlias = Annotated[float, Number(0.0, 50.0, step=0.01)]


@node("BasicScheduler", category=CATEGORY)
def basic_scheduler(
    model: Model, scheduler: SchedulerName, steps: Steps = 20, denoise: Share = 1.0
) -> Sigmas:
    """Make the noise levels that a KSampler would use.

    Args:
        model: Gives the range of noise levels.
        scheduler: How they are spread over the steps.
        steps: Number of steps.
        denoise: Below 1, only the last part of a longer schedule is used.
    """
    return scheduled_sigmas(model, scheduler, steps, denoise)


@node("KarrasScheduler", category=CATEGORY)
def karras_scheduler(
    steps: Steps = 20,
    sigma_max: SigmaValue = 14.614642,
    sigma_min: SigmaValue = 0.0291675,
    rho: Wide = 7.0,
) -> Sigmas:
    """Make noise levels after Karras et al.: denser towards the clean end.

    Args:
        steps: Number of steps.
        sigma_max: Where to start.
        sigma_min: The last level before 0.
        rho: How strongly the levels gather at the clean end.
    """
    return karras_sigmas(steps, sigma_min, sigma_max, rho)


@node("ExponentialScheduler", category=CATEGORY)
def exponential_scheduler(
    steps: Steps = 20, sigma_max: SigmaValue = 14.614642, sigma_min: SigmaValue = 0.0291675
) -> Sigmas:
    """Make noise levels that fall by the same factor in each step.

    Args:
        steps: Number of steps.
        sigma_max: Where to start.
        sigma_min: The last level before 0.
    """
    return polyexponential_sigmas(steps, sigma_min, sigma_max, rho=1.0)


@node("PolyexponentialScheduler", category=CATEGORY)
def polyexponential_scheduler(
    steps: Steps = 20,
    sigma_max: SigmaValue = 14.614642,
    sigma_min: SigmaValue = 0.0291675,
    rho: Wide = 1.0,
) -> Sigmas:
    """Make noise levels whose logarithm follows a power curve.

    Args:
        steps: Number of steps.
        sigma_max: Where to start.
        sigma_min: The last level before 0.
        rho: 1 is the exponential schedule; above 1 the clean end gets more levels.
    """
    return polyexponential_sigmas(steps, sigma_min, sigma_max, rho)


@node("LaplaceScheduler", category=CATEGORY)
def laplace_scheduler(
    steps: Steps = 20,
    sigma_max: SigmaValue = 14.614642,
    sigma_min: SigmaValue = 0.0291675,
    mu: Annotated[float, Number(-10.0, 10.0, step=0.1)] = 0.0,
    beta: Annotated[float, Number(0.0, 10.0, step=0.1)] = 0.5,
) -> Sigmas:
    """Make noise levels that gather around the middle of the run. The last one is not 0.

    Args:
        steps: Number of levels.
        sigma_max: No level is above it.
        sigma_min: No level is below it.
        mu: The logarithm of the level they gather around.
        beta: How widely they spread.
    """
    return laplace_sigmas(steps, sigma_min, sigma_max, mu, beta)


@node("VPScheduler", category=CATEGORY)
def vp_scheduler(
    steps: Steps = 20,
    beta_d: SigmaValue = 19.9,
    beta_min: SigmaValue = 0.1,
    eps_s: Annotated[float, Number(0.0, 1.0, step=0.0001)] = 0.001,
) -> Sigmas:
    """Make noise levels even in the time of a variance preserving process.

    Args:
        steps: Number of steps.
        beta_d: How much faster noise is added at the end than at the start.
        beta_min: How fast it is added at the start.
        eps_s: The time of the last level before 0.
    """
    return vp_sigmas(steps, beta_d, beta_min, eps_s)


@node("BetaSamplingScheduler", category=CATEGORY)
def beta_sampling_scheduler(
    model: Model, steps: Steps = 20, alpha: BetaShape = 0.6, beta: BetaShape = 0.6
) -> Sigmas:
    """Make noise levels after a beta distribution: denser at the ends it leans to.

    Args:
        model: Gives the noise levels to choose from.
        steps: Number of steps.
        alpha: Below 1 the clean end gets more levels; above 0.
        beta: Below 1 the noisy end gets more levels; above 0.
    """
    return beta_sigmas(table_of(model), steps, alpha, beta)


@node("SDTurboScheduler", category=CATEGORY)
def sd_turbo_scheduler(
    model: Model, steps: Annotated[int, Number(1, 10)] = 1, denoise: Share = 1.0
) -> Sigmas:
    """Make the noise levels that turbo models were trained on.

    Args:
        model: Gives the noise levels.
        steps: Number of steps; at a denoise below 1 there may be fewer.
        denoise: Below 1, the run starts later.
    """
    return turbo_sigmas(table_of(model), steps, denoise)
