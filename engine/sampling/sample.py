"""One sampling run: from noise and a latent to a new latent."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.concat import ConcatInputs
from engine.sampling.control import Controls
from engine.sampling.denoiser import Denoiser, NetworkDenoiser, noised
from engine.sampling.guiders import AnyGuider
from engine.sampling.guiders import Guider as Guider
from engine.sampling.inpaint import MaskedDenoiser, fit_mask, mask_at
from engine.sampling.noise import initial_noise
from engine.sampling.predict import Predictor
from engine.sampling.regions import Canvas
from engine.sampling.registry import Sampler
from engine.sampling.sigmas import table_of
from engine.sampling.steps import OnStep, SamplerState, StepContext
from engine.types import DiffusionModel, LatentDict, LatentFormat, Prediction


@dataclass(frozen=True, slots=True)
class Sampled:
    """Outcome of a run, unscaled latents, float32 on the CPU.

    Attributes:
        latent: At the last sigma; with noise left over when that is not 0.
        x0: The last clean estimate.
    """

    latent: Tensor
    x0: Tensor


def sample(
    guider: AnyGuider,
    *,
    noise: Tensor,
    latent: Tensor,
    sampler: Sampler,
    sigmas: Tensor,
    seed: int,
    noise_mask: Tensor | None = None,
    on_step: OnStep | None = None,
    resume: SamplerState | None = None,
) -> Sampled:
    """Sample along `sigmas`.

    Args:
        noise: (B, C, h, w) standard normal, or zeros to go on from a noisy latent.
        latent: (B, C, h, w) unscaled VAE space; zeros of another channel count are adapted.
        sigmas: (steps + 1,) on the CPU; with fewer than two, the latent is returned.
        seed: Of the noise that samplers add on the way.
        noise_mask: 1 = regenerate, of any size.
        resume: State of an earlier run with the same arguments; it goes on from there.

    Raises: RunCancelledError, from `on_step`; InvalidValueError.
    """
    model = guider.model
    latent = adapt_channels(latent, model.latent_format)
    if len(sigmas) < 2:
        return Sampled(latent.float().cpu(), latent.float().cpu())
    if noise.shape != latent.shape:
        raise InvalidValueError("Noise", tuple(noise.shape), f"the latent's {tuple(latent.shape)}")
    device, flow = model.device, model.prediction is Prediction.FLOW
    noise = noise.to(device, torch.float32)
    clean = scale_in(latent.to(device, torch.float32), model.latent_format)
    x = start(model, noise, clean, float(sigmas[0])) if resume is None else resume.x.to(device)
    run = StepContext(x, sigmas, seed, flow=flow, on_step=on_step, resume=resume)
    concat = ConcatInputs(model.concat_channels, model.latent_format, clean, noise_mask)
    batch_shape = (guider.sides * len(x), *x.shape[1:])
    with torch.no_grad(), model.loaded(batch_shape) as network, ExitStack() as placed:
        controls = Controls(x, table_of(model), batch_shape, placed)
        canvas = Canvas(x, table_of(model), concat, controls)
        predictor = Predictor(
            model, NetworkDenoiser(network, model.prediction, table_of(model)), sigmas
        )
        on_unguided = run.note_unguided if sampler.needs_unguided else None
        denoise = guider.denoiser(predictor, canvas, on_unguided)
        if noise_mask is not None:
            denoise = _masked(denoise, model, sampler, clean, noise, noise_mask, sigmas, seed)
        x = sampler.function(denoise, x, run=run, **sampler.options)
    if flow and float(sigmas[-1]) < 1:
        x = x / (1 - float(sigmas[-1]))
    x0 = x if run.last_x0 is None else run.last_x0
    return Sampled(*(scale_out(value, model.latent_format).cpu() for value in (x, x0)))


def start(model: DiffusionModel, noise: Tensor, latent: Tensor, sigma: float) -> Tensor:
    """Return a scaled latent noised to the first sigma of a run."""
    highest = table_of(model).sigma_max
    pure = sigma > highest or math.isclose(sigma, highest, rel_tol=1e-5)
    return noised(model.prediction, noise, latent, sigma, from_pure_noise=pure)


def fit_empty(latent: LatentDict, latent_format: LatentFormat) -> LatentDict:
    """Return a latent with the model's channels and, when it is empty, the model's cells.

    An empty latent that says for how many pixels per cell it was made gets as many cells as the
    same picture has in the model's latent space.

    Raises: InvalidValueError, as `adapt_channels`.
    """
    fitted = latent.copy()
    cell = fitted.pop("downscale_ratio_spacial", latent_format.downscale)
    samples = adapt_channels(latent["samples"], latent_format)
    if cell != latent_format.downscale and not samples.any():
        sides = [side * cell // latent_format.downscale for side in samples.shape[2:]]
        samples = samples.new_zeros((*samples.shape[:2], *sides))
    fitted["samples"] = samples
    return fitted


def adapt_channels(latent: Tensor, latent_format: LatentFormat) -> Tensor:
    """Give an empty latent the model's channel count; others must have it.

    Raises: InvalidValueError, for a latent of another model family that is not empty.
    """
    channels = latent_format.channels
    if latent.dim() != 4 or (latent.shape[1] != channels and bool(latent.any())):
        raise InvalidValueError(
            'input "latent_image"',
            tuple(latent.shape),
            f"a latent with {channels} channels",
            "It comes from another model family: encode the picture with this model's VAE.",
        )
    if latent.shape[1] == channels:
        return latent
    return latent.new_zeros((len(latent), channels, *latent.shape[2:]))


def scale_in(latent: Tensor, latent_format: LatentFormat) -> Tensor:
    """Return a latent as the network sees it; an empty one stays empty."""
    if not latent.any():
        return latent
    return (latent - latent_format.shift) * latent_format.scale


def scale_out(latent: Tensor, latent_format: LatentFormat) -> Tensor:
    """Undo `scale_in`."""
    return latent / latent_format.scale + latent_format.shift


def prepare_noise(
    latent: Tensor, model: DiffusionModel, seed: int, batch_index: list[int] | None
) -> Tensor:
    """Return a seed's noise for a latent, in the shape the model takes."""
    return initial_noise(adapt_channels(latent, model.latent_format), seed, batch_index)


def _masked(
    denoise: Denoiser,
    model: DiffusionModel,
    sampler: Sampler,
    latent: Tensor,
    noise: Tensor,
    noise_mask: Tensor,
    sigmas: Tensor,
    seed: int,
) -> Denoiser:
    if sampler.redraws_mask_noise:
        noise = initial_noise(noise, (seed + 1) % 2**64).to(noise.device)
    hook = model.options.get("denoise_mask_function")
    mask = mask_at(fit_mask(noise_mask, latent), hook, {"model": model, "sigmas": sigmas})
    return MaskedDenoiser(denoise, model.prediction, latent, noise, mask)
