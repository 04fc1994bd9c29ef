"""The slopes that multistep samplers keep from earlier steps."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from engine.sampling.steps import StepContext


def remember_slope(run: StepContext, step: int, slope: Tensor, count: int) -> list[int]:
    """Keep this step's slope in `run.memory`, drop all but the last `count`; newest step first."""
    run.memory[f"slope {step}"] = slope
    kept = [j for j in range(step, -1, -1) if f"slope {j}" in run.memory]
    for j in kept[count:]:
        del run.memory[f"slope {j}"]
    return kept[:count]


def slopes_of(run: StepContext, steps: list[int]) -> Iterator[Tensor]:
    """Yield the slopes of the given steps."""
    return (run.memory[f"slope {j}"] for j in steps)
