"""Nodes that cut and turn noise levels."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Sigmas
from nodes.sampling.widgets import Share

CATEGORY = "sampling/custom_sampling/sigmas"
_SMALLEST_START = 0.0001


class SplitSigmasResult(NamedTuple):
    """Two schedules that meet in one noise level."""

    high_sigmas: Sigmas
    low_sigmas: Sigmas


@node("SplitSigmas", category=CATEGORY)
def split_sigmas(sigmas: Sigmas, step: Annotated[int, Number(0, 10000)] = 0) -> SplitSigmasResult:
    """Split noise levels at a step, for two samplers one after the other.

    Args:
        sigmas: The noise levels.
        step: The first part does this many steps.
    """
    return SplitSigmasResult(sigmas[: step + 1], sigmas[step:])


@node("SplitSigmasDenoise", category=CATEGORY)
def split_sigmas_denoise(sigmas: Sigmas, denoise: Share = 1.0) -> SplitSigmasResult:
    """Split noise levels so that the second part does a share of the steps.

    Args:
        sigmas: The noise levels.
        denoise: Share of the steps in the second part.
    """
    steps = max(len(sigmas) - 1, 0)
    low = round(steps * denoise)
    return SplitSigmasResult(sigmas[: len(sigmas) - low], sigmas[max(steps - low, 0) :])


@node("FlipSigmas", category=CATEGORY)
def flip_sigmas(sigmas: Sigmas) -> Sigmas:
    """Turn noise levels round, to go from a picture back to noise.

    A first level of 0 becomes 0.0001: no slope can be taken at 0.

    Args:
        sigmas: The noise levels.
    """
    flipped = sigmas.flip(0)
    if len(flipped) and flipped[0] == 0:
        flipped[0] = _SMALLEST_START
    return flipped
