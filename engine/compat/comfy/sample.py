"""Noise and sampling runs; packs replace these functions, so callers go through the module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from engine.compat.host import module
from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.model import native_model
from engine.compat.hosting.sampling import sample_along
from engine.sampling.noise import initial_noise
from engine.sampling.sample import Guider, adapt_channels

__getattr__ = unoffered(__name__)


def prepare_noise(
    latent_image: Tensor, seed: int, noise_inds: Sequence[int] | None = None
) -> Tensor:
    """Return a seed's noise in the shape of a latent, on the CPU."""
    return initial_noise(latent_image, seed, noise_inds)


def fix_empty_latent_channels(model: Any, latent_image: Tensor) -> Tensor:
    """Give an empty latent the model's channel count. Raises: InvalidValueError."""
    return adapt_channels(latent_image, native_model(model).latent_format)


def sample(
    model: Any,
    noise: Tensor,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: list[Any],
    negative: list[Any],
    latent_image: Tensor,
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
    noise_mask: Tensor | None = None,
    sigmas: Tensor | None = None,
    callback: Callable[..., None] | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Sample as the KSampler nodes do, with noise of one's own; returns latents.

    Raises: UnknownNameError, for a sampler or scheduler; InvalidValueError; RunCancelledError.
    """
    run = module("comfy.samplers").KSampler(
        model, steps, None, sampler=sampler_name, scheduler=scheduler, denoise=denoise
    )
    latent: Tensor = run.sample(
        noise,
        positive,
        negative,
        cfg,
        latent_image,
        start_step=start_step,
        last_step=last_step,
        force_full_denoise=force_full_denoise,
        denoise_mask=noise_mask,
        sigmas=sigmas,
        callback=callback,
        seed=seed,
    )
    return latent


def sample_custom(
    model: Any,
    noise: Tensor,
    cfg: float,
    sampler: Any,
    sigmas: Tensor,
    positive: list[Any],
    negative: list[Any],
    latent_image: Tensor,
    noise_mask: Tensor | None = None,
    callback: Callable[..., None] | None = None,
    disable_pbar: bool = False,
    seed: int | None = None,
) -> Tensor:
    """Sample with a sampler and noise levels of one's own; returns latents."""
    guider = Guider(native_model(model), positive, negative, cfg)
    return sample_along(guider, noise, latent_image, sampler, sigmas, noise_mask, callback, seed)
