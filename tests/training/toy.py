"""A task so small that a whole training run takes milliseconds: y = 3x - 1."""

from __future__ import annotations

import resource
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.training.objective import Draw, Losses, Pulse
from engine.training.settings import TrainSettings
from engine.training.trainer import Trainer


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(1, 1))
        self.offset = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.slope + self.offset


class LineObjective:
    kind = "line"
    helpers: Collection[str] = ()
    unaveraged: Collection[str] = ()

    def __init__(self, width: int = 1, nan_from: int | None = None) -> None:
        self.line = Line()
        self.networks: Mapping[str, nn.Module] = {"line": self.line}
        self.config: Mapping[str, Any] = {"width": width}
        self.nan_from = nan_from

    def prepare(
        self, step: int, draw: Draw[Tensor], generator: torch.Generator, pulse: Pulse
    ) -> None:
        pulse()

    def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> Losses:
        noise = 0.01 * torch.randn(len(batch), 1, generator=generator)
        error = self.line(batch) - (3 * batch - 1 + noise)
        loss = error.square().mean()
        if self.nan_from is not None and step >= self.nan_from:
            loss = loss * float("nan")
        return {"loss": loss, "largest": error.abs().max()}

    def after_step(self, step: int, generator: torch.Generator) -> None:
        return None

    def samples(self, step: int, pulse: Pulse) -> Tensor | None:
        pulse()
        return torch.full((2, 4, 4, 3), 0.5)


class Numbers:
    def __init__(self, count: int = 10, name: str = "numbers") -> None:
        self.fingerprint = name
        self.drawn: list[list[int]] = []
        self._values = torch.linspace(-1, 1, count)[:, None] if count else torch.empty(0, 1)

    def __len__(self) -> int:
        return len(self._values)

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Tensor:
        self.drawn.append(list(indices))
        return self._values[list(indices)]


def line_trainer(
    folder: Path, objective: LineObjective | None = None, **changed: Any
) -> Trainer[Tensor]:
    given: dict[str, Any] = {
        "steps": 20, "batch": 4, "learning_rate": 0.1, "ema": 0.9, "save_every": 5,
        "report_every": 3, **changed,
    }  # fmt: skip
    data = given.pop("data", None) or Numbers()
    return Trainer(objective or LineObjective(), data, TrainSettings(**given), folder)


@contextmanager
def disk_with_room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow larger, as a full disk would not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
