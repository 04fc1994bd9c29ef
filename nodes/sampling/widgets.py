"""Inputs that several sampling nodes share."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from engine.registry.spec import NodeContext
from engine.registry.widgets import Choice, Number
from engine.sampling.guiders import AnyGuider
from engine.sampling.preview import latent_preview
from engine.sampling.registry import Sampler, sampler_names
from engine.sampling.schedules import schedule_names
from engine.sampling.steps import OnStep, StepReport
from engine.types import DiffusionModel, Socket

Seed: TypeAlias = Annotated[int, Number(0, 2**64 - 1, control_after_generate=True)]
Steps: TypeAlias = Annotated[int, Number(1, 10000)]
Cfg: TypeAlias = Annotated[float, Number(0.0, 100.0, step=0.1, round=0.01)]
Share: TypeAlias = Annotated[float, Number(0.0, 1.0, step=0.01)]
Wide: TypeAlias = Annotated[float, Number(0.0, 100.0, step=0.01)]
SigmaValue: TypeAlias = Annotated[float, Number(0.0, 5000.0, step=0.01)]
SamplerName: TypeAlias = Annotated[str, Choice(sampler_names)]
SchedulerName: TypeAlias = Annotated[str, Choice(schedule_names)]

GuiderSocket: TypeAlias = Annotated[AnyGuider, Socket("GUIDER")]
SamplerSocket: TypeAlias = Annotated[Sampler, Socket("SAMPLER")]
NoiseSocket: TypeAlias = Annotated[Any, Socket("NOISE")]
"""Anything with a `seed` and `generate_noise(latent)`."""


def progress_of(context: NodeContext, model: DiffusionModel) -> OnStep:
    """Return a step callback that reports progress with a preview and stops when asked to."""

    def on_step(report: StepReport) -> None:
        preview = latent_preview(report.x0, model.latent_format)
        context.progress(report.step + 1, report.total, preview)

    return on_step
