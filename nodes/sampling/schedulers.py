"""Nodes that make noise levels."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.sampling.ksampler import scheduled_sigmas
from engine.sampling.schedules import karras_sigmas, polyexponential_sigmas
from engine.types import Model, Sigmas
from nodes.sampling.widgets import SchedulerName, Share, SigmaValue, Steps, Wide

CATEGORY = "sampling/custom_sampling/schedulers"


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
