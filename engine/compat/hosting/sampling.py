"""Sampling runs that packs start themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from engine.compat.hosting.missing import Facade
from engine.compat.hosting.model import native_model
from engine.compat.hosting.samplers import adopt_names, native_sampler
from engine.registry.running import current_context
from engine.sampling.ksampler import cut_sigmas, scheduled_sigmas
from engine.sampling.registry import find_sampler, sampler_names
from engine.sampling.sample import Guider, sample
from engine.sampling.schedules import schedule_names
from engine.sampling.steps import OnStep, StepReport

Callback = Callable[[int, Tensor, Tensor, int], None]
"""(step, x0, x, total) -> None"""


def sample_along(
    guider: Guider,
    noise: Tensor,
    latent: Tensor,
    sampler: Any,
    sigmas: Tensor,
    noise_mask: Tensor | None,
    callback: Callback | None,
    seed: int | None,
) -> Tensor:
    """Return latents sampled along `sigmas`; without a seed, added noise differs each time."""
    return sample(
        guider,
        noise=noise,
        latent=latent,
        sampler=native_sampler(sampler),
        sigmas=sigmas.cpu(),
        seed=random.getrandbits(64) if seed is None else seed,
        noise_mask=noise_mask,
        on_step=_on_step(callback),
    ).latent


class KSampler(Facade):
    """A sampler and a schedule for a model.

    Attributes:
        SAMPLERS: Names in menus; packs add to it.
        SCHEDULERS: As SAMPLERS.
        sigmas: The noise levels of the whole run; may be replaced.
    """

    SAMPLERS = sampler_names()
    SCHEDULERS = schedule_names()

    def __init__(
        self,
        model: Any,
        steps: int,
        device: Any = None,
        sampler: str | None = None,
        scheduler: str | None = None,
        denoise: float | None = None,
        model_options: Mapping[str, Any] | None = None,
    ) -> None:
        adopt_names()
        if model_options:
            model = model.clone()
            model.model_options = dict(model_options)
        self.model = model
        self.sampler = find_sampler(sampler or self.SAMPLERS[0])
        self.scheduler = scheduler or self.SCHEDULERS[0]
        self.steps, self.denoise = steps, 1.0 if denoise is None else denoise
        self.sigmas = scheduled_sigmas(
            native_model(model),
            self.scheduler,
            steps,
            self.denoise,
            drops_second_last=self.sampler.drops_second_last,
        )

    def sample(
        self,
        noise: Tensor,
        positive: list[Any],
        negative: list[Any],
        cfg: float,
        latent_image: Tensor,
        start_step: int | None = None,
        last_step: int | None = None,
        force_full_denoise: bool = False,
        denoise_mask: Tensor | None = None,
        sigmas: Tensor | None = None,
        callback: Callback | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Return sampled latents; `sigmas` stand in for the schedule's."""
        levels = cut_sigmas(
            self.sigmas if sigmas is None else sigmas,
            start_step,
            last_step,
            force_full_denoise=force_full_denoise,
        )
        guider = Guider(native_model(self.model), positive, negative, cfg)
        return sample_along(
            guider, noise, latent_image, self.sampler, levels, denoise_mask, callback, seed
        )


def _on_step(callback: Callback | None) -> OnStep:
    context = current_context()

    def on_step(report: StepReport) -> None:
        if context is not None:
            context.check_cancelled()
        if callback is not None:
            callback(report.step, report.x0, report.state.x, report.total)

    return on_step
