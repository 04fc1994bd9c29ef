"""TrainingSettings."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.training.settings import TrainSettings
from nodes.training.training_run import Settings

Count = Annotated[int, Number(1, 10_000_000)]
Share = Annotated[float, Number(0.0, 0.999999, step=0.0001)]


@node("TrainingSettings", category="training", title="Training Settings")
def training_settings(
    steps: Count = 1000,
    batch: Annotated[int, Number(1, 4096)] = 8,
    learning_rate: Annotated[float, Number(1e-7, 1.0, step=1e-7)] = 0.001,
    seed: Annotated[int, Number(0, 2**63 - 1)] = 0,
    *,
    decay: Literal["cosine", "constant"],
    decay_from: Share = 0.0,
    warmup: Annotated[int, Number(0, 1_000_000)] = 50,
    ema: Share = 0.999,
    accumulate: Annotated[int, Number(1, 1024)] = 1,
    weight_decay: Annotated[float, Number(0.0, 1.0, step=0.001)] = 0.01,
    precision: Literal["float32", "bfloat16", "float16"],
    save_every: Count = 250,
    report_every: Count = 10,
    sample_every: Annotated[int, Number(0, 10_000_000)] = 100,
) -> Settings:
    """Say how long and how fast a model learns.

    More steps may be given later: the run then goes on where it ended.

    Args:
        steps: How often the weights are changed.
        batch: Examples looked at together.
        learning_rate: How far a step goes. Halve it when training stops with a loss that is no
            number.
        seed: Decides first weights, order and noise: the same seed gives the same model.
        decay: Whether the rate falls to zero towards the end.
        decay_from: Share of the steps before it falls.
        warmup: Steps over which the rate rises at the start.
        ema: The model kept is an average over the steps; this share of it stays at each. 0 keeps
            the last weights.
        accumulate: Batches that are added up for one step, where memory is short.
        weight_decay: Pulls weights towards zero.
        precision: Narrower numbers are faster on graphics cards, slower on most processors.
        save_every: Steps after which all is saved, so that a stopped run goes on from there.
        report_every: Steps between points of the loss curve.
        sample_every: Steps between sample pictures; 0 draws none.
    """
    settings = TrainSettings(
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        seed=seed,
        decay=decay,
        decay_from=decay_from,
        warmup=warmup,
        ema=ema,
        accumulate=accumulate,
        weight_decay=weight_decay,
        precision=precision,
        save_every=save_every,
        report_every=report_every,
        sample_every=sample_every,
    )
    settings.check()
    return settings
