"""Predictions under conditioning: as few forward passes as the regions allow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.sampling.control import residuals
from engine.sampling.denoiser import NetworkDenoiser
from engine.sampling.regions import Region
from engine.types import ControlResiduals, DiffusionModel

_MAX_REPEAT = 4
"""Padding a context to more than this multiple costs more than a second forward pass."""

_NO_WEIGHT = 1e-37


@dataclass(frozen=True, eq=False)
class Predictor:
    """Estimates x0 under several conditionings at once.

    Attributes:
        sample_sigmas: The run's sigmas, for wrappers.
    """

    model: DiffusionModel
    network: NetworkDenoiser
    sample_sigmas: Tensor

    def predict(
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
        for group in _groups(asked, sigma):
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
        concat = _stack_concats(group)
        level = x.new_full((len(inputs),), sigma)
        terms = group[0][1].active_controls(sigma)  # the same for the whole group
        control = None
        if terms:
            hints = [torch.cat([term.cut(region.box) for _, region in group]) for term in terms]
            control = residuals(terms, hints, *self.network.inputs(inputs, level), context)
        wrapper = self.model.options.get("model_function_wrapper")
        if wrapper is None:
            x0 = self._apply_model(inputs, level, context, concat, control)
        else:
            sides = [side for side, _ in group]
            payload = self._wrapper_payload(inputs, level, context, concat, control, sides)
            x0 = wrapper(self._apply_model, payload)
        return x0.chunk(len(group))

    def _wrapper_payload(
        self,
        inputs: Tensor,
        level: Tensor,
        context: Tensor,
        concat: Tensor | None,
        control: ControlResiduals | None,
        sides: list[int],
    ) -> dict[str, Any]:
        settings = {
            **self.model.options.get("transformer_options", {}),
            "cond_or_uncond": sides,
            "sigmas": level,
            "sample_sigmas": self.sample_sigmas,
        }
        c: dict[str, Any] = {"c_crossattn": context, "transformer_options": settings}
        if concat is not None:
            c["c_concat"] = concat
        if control is not None:
            c["control"] = control
        return {"input": inputs, "timestep": level, "c": c, "cond_or_uncond": sides}

    def _apply_model(
        self,
        x: Tensor,
        t: Tensor,
        c_crossattn: Tensor,
        c_concat: Tensor | None = None,
        control: ControlResiduals | None = None,
        transformer_options: Any = None,
    ) -> Tensor:
        """What a wrapper calls: x0 from latents, sigmas (B,), a context and further inputs."""
        extra = {"concat": c_concat, "control": control}
        given = {name: value for name, value in extra.items() if value is not None}
        return self.network(x, t, c_crossattn, given)


def _groups(asked: Iterable[tuple[int, Region]], sigma: float) -> list[list[tuple[int, Region]]]:
    """Gather what fits into one forward pass: equal sizes, contexts that can be made equal.

    Regions under different ControlNets run apart: adding zeros for those without one gives the
    same numbers, but every ControlNet would have to be told which samples are its own.
    """
    groups: list[list[tuple[int, Region]]] = []
    for item in asked:
        for group in groups:
            if _fits(item[1], [region for _, region in group], sigma):
                group.append(item)
                break
        else:
            groups.append([item])
    return groups


def _fits(region: Region, group: list[Region], sigma: float) -> bool:
    box, first = region.box, group[0]
    if region.active_controls(sigma) != first.active_controls(sigma):
        return False
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


def _stack_concats(group: list[tuple[int, Region]]) -> Tensor | None:
    """Stack the further input channels; a model takes them in every region or in none."""
    parts = [region.box.cut(region.concat) for _, region in group if region.concat is not None]
    return torch.cat(parts) if parts else None
