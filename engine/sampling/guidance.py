"""Guidance: several predictions under different conditioning become one denoiser.

Hooks of a model's `options` (names and payloads as node packs know them): "sampler_cfg_function",
"sampler_pre_cfg_function" and "sampler_post_cfg_function" (lists), "model_function_wrapper",
"disable_cfg1_optimization", "transformer_options".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from engine.sampling.predict import Predictor
from engine.sampling.regions import Region

OnUnguided: TypeAlias = Callable[[Tensor], None]
"""Told the estimate x0 without guidance."""

Mix: TypeAlias = Callable[[Sequence[Tensor]], Tensor]


@dataclass(frozen=True, eq=False)
class GuidedDenoiser:
    """uncond + cfg (cond - uncond). Source: arXiv:2207.12598, Eq. 6.

    Attributes:
        cfg: 1 means the positive alone; the negative is then not computed unless an option or a
            hook needs it.
        on_unguided: Told the negative's estimate each time; the negative is then never skipped.
    """

    predictor: Predictor
    positive: tuple[Region, ...]
    negative: tuple[Region, ...] | None
    cfg: float
    on_unguided: OnUnguided | None = None

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Return x0; see `Denoiser`."""
        options = self.predictor.model.options
        needed = options.get("disable_cfg1_optimization", False) or self.on_unguided is not None
        negative = self.negative if needed or not math.isclose(self.cfg, 1.0) else None
        conds = self.predictor.predict(x, sigma, (self.positive, negative))
        level = x.new_full((len(x),), sigma)
        shared = {
            "cond_scale": self.cfg,
            "input": x,
            "sigma": level,
            "model": self.predictor.model,
            "model_options": options,
        }
        for hook in options.get("sampler_pre_cfg_function", ()):
            asked = {"conds": [self.positive, negative], "conds_out": conds, "timestep": level}
            conds = hook({**shared, **asked})
        cond, uncond = conds[0], conds[1] if len(conds) > 1 else None
        assert cond is not None
        if self.on_unguided is not None:
            self.on_unguided(cond if uncond is None else uncond)
        return self._combine(x, cond, uncond, level, shared)

    def _combine(
        self, x: Tensor, cond: Tensor, uncond: Tensor | None, level: Tensor, shared: dict[str, Any]
    ) -> Tensor:
        options = self.predictor.model.options
        other = cond if uncond is None else uncond
        if "sampler_cfg_function" in options:
            payload = {
                **shared,
                "cond": x - cond,
                "uncond": x - other,
                "timestep": level,
                "cond_denoised": cond,
                "uncond_denoised": other,
                "input_cond": self.positive,
                "input_uncond": self.negative,
            }
            result: Tensor = x - options["sampler_cfg_function"](payload)
        elif uncond is None:
            result = cond
        else:
            result = uncond + (cond - uncond) * self.cfg
        for hook in options.get("sampler_post_cfg_function", ()):
            payload = {
                **shared,
                "denoised": result,
                "cond": self.positive,
                "uncond": self.negative,
                "cond_denoised": cond,
                "uncond_denoised": uncond,
            }
            result = hook(payload)
        return result


@dataclass(frozen=True, eq=False)
class MixedDenoiser:
    """Mixes the estimates under several conditionings by a formula.

    Attributes:
        sides: Conditionings in the order of the formula; the last stands for "no guidance".
    """

    predictor: Predictor
    sides: tuple[tuple[Region, ...], ...]
    mix: Mix
    on_unguided: OnUnguided | None = None

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Return x0; see `Denoiser`."""
        estimates = [
            estimate
            for estimate in self.predictor.predict(x, sigma, self.sides)
            if estimate is not None  # none is left out: each side was asked for
        ]
        if self.on_unguided is not None:
            self.on_unguided(estimates[-1])
        return self.mix(estimates)


def dual_guidance(estimates: Sequence[Tensor], first: float, second: float) -> Tensor:
    """Guide from (negative) over (second) to (first): arXiv:2211.09800, Eq. 3.

    Args:
        estimates: Under the first, the second and the negative conditioning.
        first: Strength from the second towards the first.
        second: Strength from the negative towards the second.
    """
    towards, middle, negative = estimates
    return negative + (middle - negative) * second + (towards - middle) * first


def nested_guidance(estimates: Sequence[Tensor], first: float, second: float) -> Tensor:
    """As `dual_guidance`, but `second` leads from the negative to the whole of the first step."""
    towards, middle, negative = estimates
    return negative + (middle + (towards - middle) * first - negative) * second


def perpendicular_guidance(estimates: Sequence[Tensor], cfg: float, neg_scale: float) -> Tensor:
    """Leave out of the negative what it shares with the positive: arXiv:2304.04968, Eq. 7.

    Args:
        estimates: Under the positive, the negative and the empty conditioning.
    """
    positive, negative = (estimate - estimates[2] for estimate in estimates[:2])
    axes = tuple(range(1, positive.dim()))
    shared = (positive * negative).sum(axes, keepdim=True)
    length = (positive**2).sum(axes, keepdim=True)
    along = torch.where(length > 0, shared / length, 0.0)
    perpendicular = negative - along * positive
    return estimates[2] + cfg * (positive - neg_scale * perpendicular)
