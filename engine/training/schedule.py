"""The learning rate over a run."""

from __future__ import annotations

import math

from engine.training.settings import TrainSettings


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the rate of a step, counted from 0.

    Linear warm-up: step 0 has rate / warmup, step warmup - 1 the whole rate. Cosine: half a period
    from the whole rate at `decay_from` of the steps towards 0 after the last one
    (arXiv:1608.03983, Eq. 5, without restarts).
    """
    rate = settings.learning_rate
    if step < settings.warmup:
        return rate * (step + 1) / settings.warmup
    if settings.decay == "constant":
        return rate
    start = max(settings.warmup, round(settings.decay_from * settings.steps))
    if step < start:
        return rate
    progress = min(1.0, (step - start) / max(1, settings.steps - start))
    return rate * (1 + math.cos(math.pi * progress)) / 2
