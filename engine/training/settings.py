"""How a training run goes: lengths, rates and averages, the same for every objective."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

from engine.errors import InvalidValueError

Decay: TypeAlias = Literal["constant", "cosine"]


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of a run.

    Attributes:
        steps: Optimiser steps in all, those of earlier parts of the run included.
        batch: Items of one forward pass.
        accumulate: Forward passes whose gradients are averaged for one step.
        learning_rate: The highest rate, reached after the warm-up.
        decay: "constant", or "cosine": down to zero at the last step.
        decay_from: Share of the steps after which the cosine begins, [0, 1).
        warmup: Steps over which the rate rises linearly.
        weight_decay: Of AdamW, for weights of two and more dimensions (arXiv:1711.05101).
        betas: Of AdamW.
        clip: Largest gradient norm, over all weights of one network.
        ema: Share of the average of weights that is kept at each step; 0 keeps no average.
        seed: Decides the first weights, the order of the data, and all noise.
        precision: "float32", or the type of autocast.
        save_every: Steps between saved states.
        keep: Saved states to keep, the latest ones.
        report_every: Steps between reports; losses are recorded as means over them.
        sample_every: Steps between sample pictures; 0 for none.
    """

    steps: int
    batch: int = 8
    accumulate: int = 1
    learning_rate: float = 1e-3
    decay: Decay = "cosine"
    decay_from: float = 0.0
    warmup: int = 0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    ema: float = 0.999
    seed: int = 0
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    save_every: int = 500
    keep: int = 2
    report_every: int = 10
    sample_every: int = 0

    def check(self) -> None:
        """Raises: InvalidValueError, for the first setting that is out of range."""
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise InvalidValueError(f'Training, "{name}"', value, f"{least} or more")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InvalidValueError('Training, "learning_rate"', self.learning_rate, "more than 0")
        if not (math.isfinite(self.clip) and self.clip > 0):
            raise InvalidValueError('Training, "clip"', self.clip, "more than 0")
        for name in ("ema", "decay_from"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InvalidValueError(f'Training, "{name}"', value, "0 or more and less than 1")


_LEAST = {
    "steps": 1,
    "batch": 1,
    "accumulate": 1,
    "warmup": 0,
    "weight_decay": 0,
    "save_every": 1,
    "keep": 1,
    "report_every": 1,
    "sample_every": 0,
}
