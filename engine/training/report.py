"""What a run tells while it goes: losses, speed, time left."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.training.objective import Losses
from engine.training.settings import TrainSettings


@dataclass
class History:
    """Recorded losses: `values[name][i]` is the mean up to step `steps[i]`."""

    steps: list[int] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: int, losses: Mapping[str, float]) -> None:
        """Append a report; a loss that was not there before, or is no more, is NaN."""
        for name in dict.fromkeys((*self.values, *losses)):
            column = self.values.setdefault(name, [math.nan] * len(self.steps))
            column.append(losses.get(name, math.nan))
        self.steps.append(step)


@dataclass(frozen=True, slots=True)
class Report:
    """How far a run is.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        losses: Means since the last report, by name.
        rate: The learning rate of the last step.
        items_per_second: Since the last report.
        seconds_left: At that speed.
        history: All reports so far, this one included.
        samples: Sample pictures (B, H, W, 3) in [0, 1], when some were made at this step.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    rate: float
    items_per_second: float
    seconds_left: float
    history: History
    samples: Tensor | None = None


class Window:
    """Losses and time since the last report; summed on the device, read only when reported.

    Attributes:
        sums: Of each loss, scalars.
        counts: Steps that had it.
    """

    def __init__(self, settings: TrainSettings) -> None:
        self._settings = settings
        self.sums: Losses = {}
        self.counts: dict[str, int] = {}
        self.restart_clock()

    def add(self, losses: Losses) -> None:
        """Take in a step."""
        self._steps += 1
        for name, loss in losses.items():
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """Return the mean of each loss."""
        return {name: float(total) / self.counts[name] for name, total in self.sums.items()}

    def speed(self, step: int) -> tuple[float, float]:
        """Return items per second, and the seconds that the rest takes at that speed."""
        seconds = (time.perf_counter() - self._started) / self._steps
        items = self._settings.batch * self._settings.accumulate
        return items / seconds, (self._settings.steps - step) * seconds

    def restart(self) -> None:
        """Forget what was taken in."""
        self.sums.clear()
        self.counts.clear()
        self.restart_clock()

    def restart_clock(self) -> None:
        """Measure speed from here on."""
        self._steps = 0
        self._started = time.perf_counter()

    def tensors(self) -> dict[str, Tensor]:
        """Return what was taken in, for a saved state."""
        counts = {name: torch.tensor(count) for name, count in self.counts.items()}
        return {f"sum.{name}": total for name, total in self.sums.items()} | {
            f"count.{name}": count for name, count in counts.items()
        }

    def restore(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        """Take over what another window took in; its time is not counted."""
        for key, tensor in tensors.items():
            kind, _, name = key.partition(".")
            if kind == "sum":
                self.sums[name] = tensor.to(device)
            else:
                self.counts[name] = int(tensor)
