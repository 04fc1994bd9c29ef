"""Guidance: several predictions under different conditioning become one denoiser.

Hooks of a model's `options` (names and payloads as node packs know them): "sampler_cfg_function",
"sampler_pre_cfg_function" and "sampler_post_cfg_function" (lists), "model_function_wrapper",
"disable_cfg1_optimization", "transformer_options".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.sampling.denoiser import NetworkDenoiser
from engine.sampling.regions import Region
from engine.types import DiffusionModel

_MAX_REPEAT = 4
"""Padding a context to more than this multiple costs more than a second forward pass."""

_NO_WEIGHT = 1e-37


@dataclass(frozen=True, eq=False)
class GuidedDenoiser:
    """uncond + cfg (cond - uncond). Source: arXiv:2207.12598, Eq. 6.

    Attributes:
        cfg: 1 means the positive alone; the negative is then not computed unless an option or a
            hook needs it.
        sample_sigmas: The run's sigmas, for hooks.
    """

    model: DiffusionModel
    network: NetworkDenoiser
    positive: tuple[Region, ...]
    negative: tuple[Region, ...] | None
    cfg: float
    sample_sigmas: Tensor

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Return x0; see `Denoiser`."""
        options = self.model.options
        skip = math.isclose(self.cfg, 1.0) and not options.get("disable_cfg1_optimization", False)
        negative = None if skip else self.negative
        conds: list[Tensor | None] = list(self._predict(x, sigma, (self.positive, negative)))
        level = x.new_full((len(x),), sigma)
        shared = {
            "cond_scale": self.cfg,
            "input": x,
            "sigma": level,
            "model": self.model,
            "model_options": options,
        }
        for hook in options.get("sampler_pre_cfg_function", ()):
            asked = {"conds": [self.positive, negative], "conds_out": conds, "timestep": level}
            conds = hook({**shared, **asked})
        cond, uncond = conds[0], conds[1] if len(conds) > 1 else None
        assert cond is not None
        return self._combine(x, cond, uncond, level, shared)

    def _combine(
        self, x: Tensor, cond: Tensor, uncond: Tensor | None, level: Tensor, shared: dict[str, Any]
    ) -> Tensor:
        options = self.model.options
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

    def _predict(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Region, ...] | None]
    ) -> list[Tensor | None]:
        """Return each side's weighted mean of predictions; None for a side left out."""
        asked = [
            (side, region)
            for side, regions in enumerate(sides)
            for region in regions or ()
            if region.active(sigma)
        ]
        totals = [torch.zeros_like(x) for _ in sides]
        weights = [torch.full_like(x[:, :1], _NO_WEIGHT) for _ in sides]
        for group in _groups(asked):
            parts = self._forward(x, sigma, group)
            for (side, region), x0 in zip(group, parts, strict=True):
                region.box.cut(totals[side]).add_(x0 * region.weight)
                region.box.cut(weights[side]).add_(region.weight)
        return [
            None if regions is None else total / weight
            for regions, total, weight in zip(sides, totals, weights, strict=True)
        ]

    def _forward(
        self, x: Tensor, sigma: float, group: list[tuple[int, Region]]
    ) -> tuple[Tensor, ...]:
        """Run one forward pass for several regions of one size."""
        inputs = torch.cat([region.box.cut(x) for _, region in group])
        context = _stack_contexts([region.context for _, region in group], len(x))
        level = x.new_full((len(inputs),), sigma)
        wrapper = self.model.options.get("model_function_wrapper")
        if wrapper is None:
            x0 = self.network(inputs, level, context, {})
        else:
            sides = [side for side, _ in group]
            x0 = wrapper(self._apply_model, self._wrapper_payload(inputs, level, context, sides))
        return x0.chunk(len(group))

    def _wrapper_payload(
        self, inputs: Tensor, level: Tensor, context: Tensor, sides: list[int]
    ) -> dict[str, Any]:
        settings = {
            **self.model.options.get("transformer_options", {}),
            "cond_or_uncond": sides,
            "sigmas": level,
            "sample_sigmas": self.sample_sigmas,
        }
        c = {"c_crossattn": context, "transformer_options": settings}
        return {"input": inputs, "timestep": level, "c": c, "cond_or_uncond": sides}

    def _apply_model(
        self, x: Tensor, t: Tensor, c_crossattn: Tensor, transformer_options: Any = None
    ) -> Tensor:
        """What a wrapper calls: x0 from latents, sigmas (B,) and a context."""
        return self.network(x, t, c_crossattn, {})


def _groups(asked: Iterable[tuple[int, Region]]) -> list[list[tuple[int, Region]]]:
    """Gather what fits into one forward pass: equal sizes, contexts that can be made equal."""
    groups: list[list[tuple[int, Region]]] = []
    for item in asked:
        for group in groups:
            if _fits(item[1], [region for _, region in group]):
                group.append(item)
                break
        else:
            groups.append([item])
    return groups


def _fits(region: Region, group: list[Region]) -> bool:
    box, first = region.box, group[0]
    if (box.height, box.width) != (first.box.height, first.box.width):
        return False
    if region.context.shape[2] != first.context.shape[2]:
        return False
    lengths = [other.context.shape[1] for other in (*group, region)]
    return math.lcm(*lengths) // min(lengths) <= _MAX_REPEAT


def _stack_contexts(contexts: list[Tensor], batch: int) -> Tensor:
    """Stack contexts over the batch, each repeated along the tokens to the common length.

    Repeating every token equally often leaves attention unchanged: softmax weights split evenly
    among copies. Padding with other tokens would not.
    """
    length = math.lcm(*(context.shape[1] for context in contexts))
    rows = []
    for context in contexts:
        context = context.repeat(1, length // context.shape[1], 1)
        rows.append(context.repeat(-(-batch // len(context)), 1, 1)[:batch])
    return torch.cat(rows)
