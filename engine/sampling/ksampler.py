"""The rules of the KSampler nodes: which part of which schedule a run takes."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.guiders import Guider
from engine.sampling.registry import Sampler, find_sampler
from engine.sampling.sample import fit_empty, prepare_noise, sample
from engine.sampling.schedules import make_sigmas
from engine.sampling.sigmas import table_of
from engine.sampling.steps import OnStep
from engine.types import DiffusionModel, LatentDict

_FULL_DENOISE = 0.9999

_MAX_SCHEDULE = 1_000_000
"""Steps of the longest schedule a small denoise may ask for: 10,000 steps at 0.01."""


def scheduled_sigmas(
    model: DiffusionModel,
    scheduler: str,
    steps: int,
    denoise: float = 1.0,
    *,
    drops_second_last: bool = False,
) -> Tensor:
    """Return the sigmas of a run; empty when denoise <= 0.

    A denoise below 1 takes the last steps + 1 sigmas of a schedule of ⌊steps / denoise⌋ steps.

    Raises: InvalidValueError, when denoise is so small that the schedule would fill the memory.
    """
    if denoise <= 0:
        return torch.empty(0)
    if steps > denoise * _MAX_SCHEDULE:
        raise InvalidValueError(
            'input "denoise"', denoise, f"0, or at least {steps / _MAX_SCHEDULE}"
        )
    total = steps if denoise > _FULL_DENOISE else int(steps / denoise)
    sigmas = make_sigmas(table_of(model), scheduler, total + drops_second_last)
    if drops_second_last:
        sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
    return sigmas if total == steps else sigmas[-(steps + 1) :]


def cut_sigmas(
    sigmas: Tensor, start: int | None, end: int | None, *, force_full_denoise: bool
) -> Tensor:
    """Return the sigmas of steps `start` to `end`; empty when nothing is left to do."""
    if end is not None and end < len(sigmas) - 1:
        sigmas = sigmas[: end + 1].clone()
        if force_full_denoise:
            sigmas[-1] = 0
    if start is None:
        return sigmas
    return sigmas[start:] if start < len(sigmas) - 1 else sigmas[:0]


def ksampler(
    model: DiffusionModel,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: list[object],
    negative: list[object],
    latent: LatentDict,
    denoise: float = 1.0,
    add_noise: bool = True,
    start_step: int | None = None,
    end_step: int | None = None,
    force_full_denoise: bool = False,
    on_step: OnStep | None = None,
) -> LatentDict:
    """Sample a latent as the KSampler nodes do; the mask and batch index are kept.

    Raises: UnknownNameError, for a sampler or scheduler; InvalidValueError; RunCancelledError.
    """
    method: Sampler = find_sampler(sampler_name)
    if steps < 1:
        raise InvalidValueError('input "steps"', steps, "1 or more")
    full = scheduled_sigmas(
        model, scheduler, steps, denoise, drops_second_last=method.drops_second_last
    )
    sigmas = cut_sigmas(full, start_step, end_step, force_full_denoise=force_full_denoise)
    if len(sigmas) < 2:
        return latent
    latent = fit_empty(latent, model.latent_format)
    samples = latent["samples"]
    noise = prepare_noise(samples, model, seed, latent.get("batch_index"))
    sampled = sample(
        Guider(model, positive, negative, cfg),
        noise=noise if add_noise else torch.zeros_like(noise),
        latent=samples,
        sampler=method,
        sigmas=sigmas,
        seed=seed,
        noise_mask=latent.get("noise_mask"),
        on_step=on_step,
    )
    result = latent.copy()
    result["samples"] = sampled.latent
    return result
