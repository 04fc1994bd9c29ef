"""Nodes that cut and turn noise levels."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import torch

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


@node("SetFirstSigma", category=CATEGORY)
def set_first_sigma(
    sigmas: Sigmas, sigma: Annotated[float, Number(0.0, 20000.0, step=0.001)] = 136.0
) -> Sigmas:
    """Start a run at another noise level.

    Args:
        sigmas: The noise levels.
        sigma: The new first one.
    """
    changed = sigmas.clone()
    changed[:1] = sigma
    return changed


@node("ExtendIntermediateSigmas", category=CATEGORY)
def extend_intermediate_sigmas(
    sigmas: Sigmas,
    steps: Annotated[int, Number(1, 100)] = 2,
    start_at_sigma: Annotated[float, Number(-1.0, 20000.0, step=0.01)] = -1.0,
    end_at_sigma: Annotated[float, Number(0.0, 20000.0, step=0.01)] = 12.0,
    *,
    spacing: Literal["linear", "cosine", "sine"],
) -> Sigmas:
    """Split steps of a run into smaller ones, where the noise lies in a range.

    Args:
        sigmas: The noise levels.
        steps: Each step in the range becomes this many.
        start_at_sigma: Steps that start above it stay as they are; -1 sets no limit.
        end_at_sigma: Steps that start below it stay as they are.
        spacing: "cosine" gathers the new levels at the end of a step, "sine" at its start.
    """
    shares = torch.linspace(0, 1, steps + 1)[:-1]
    if spacing == "cosine":
        shares = (shares * math.pi / 2).sin()
    elif spacing == "sine":
        shares = 1 - (shares * math.pi / 2).cos()
    highest = math.inf if start_at_sigma < 0 else start_at_sigma
    levels = [sigmas[-1:]]
    for start, end in reversed(list(pairwise(sigmas))):
        split = end_at_sigma <= float(start) <= highest
        levels.append(start + shares * (end - start) if split else start[None])
    return torch.cat(levels[::-1])
