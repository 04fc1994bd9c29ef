"""Samplers, schedules and guidance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.model import native_model
from engine.compat.hosting.samplers import (
    KSAMPLER,
    CFGGuider,
    SchedulerHandler,
    engine_handlers,
    pack_function,
    sampler_object,
)
from engine.compat.hosting.samplers import PackSampler as Sampler
from engine.compat.hosting.sampling import KSampler, sample_along
from engine.compat.hosting.sampling_facts import SigmaFacts
from engine.errors import UnknownNameError
from engine.sampling.registry import find_sampler, sampler_names
from engine.sampling.sample import Guider

__all__ = [
    "KSAMPLER",
    "KSAMPLER_NAMES",
    "SAMPLER_NAMES",
    "SCHEDULER_HANDLERS",
    "SCHEDULER_NAMES",
    "CFGGuider",
    "KSampler",
    "Sampler",
    "SchedulerHandler",
    "calculate_sigmas",
    "ksampler",
    "sample",
    "sampler_object",
]

# The lists of names are one list each under all their names: packs add to whichever they know.
SAMPLER_NAMES = KSAMPLER_NAMES = KSampler.SAMPLERS
SCHEDULER_NAMES = KSampler.SCHEDULERS
SCHEDULER_HANDLERS = engine_handlers()

__getattr__ = unoffered(__name__)


def calculate_sigmas(model_sampling: SigmaFacts, scheduler_name: str, steps: int) -> Tensor:
    """Return the sigmas of a schedule. Raises: UnknownNameError."""
    if scheduler_name not in SCHEDULER_HANDLERS:
        raise UnknownNameError("scheduler", scheduler_name, SCHEDULER_HANDLERS)
    return SCHEDULER_HANDLERS[scheduler_name].sigmas(model_sampling, steps)


def ksampler(
    sampler_name: str,
    extra_options: Mapping[str, Any] | None = None,
    inpaint_options: Mapping[str, Any] | None = None,
) -> KSAMPLER:
    """Return a sampler with settings. Raises: UnknownNameError, NotOfferedError."""
    known = sampler_name in sampler_names()
    function = find_sampler(sampler_name) if known else pack_function(sampler_name)
    return KSAMPLER(function, extra_options, inpaint_options)


def sample(
    model: Any,
    noise: Tensor,
    positive: list[Any],
    negative: list[Any],
    cfg: float,
    device: Any,
    sampler: Any,
    sigmas: Tensor,
    model_options: Mapping[str, Any] | None = None,
    latent_image: Tensor | None = None,
    denoise_mask: Tensor | None = None,
    callback: Callable[..., None] | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Sample along `sigmas`; returns latents."""
    if model_options:
        model = model.clone()
        model.model_options = dict(model_options)
    guider = Guider(native_model(model), positive, negative, cfg)
    latent = noise.new_zeros(noise.shape) if latent_image is None else latent_image
    return sample_along(guider, noise, latent, sampler, sigmas, denoise_mask, callback, seed)
