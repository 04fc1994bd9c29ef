"""Sampling from parts: a guider, noise, a sampler and noise levels."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch

from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Output
from engine.sampling.guiders import AnyGuider, Guider
from engine.sampling.noise import NoNoiseSource, RandomNoiseSource
from engine.sampling.registry import Sampler
from engine.sampling.sample import fit_empty, sample, scale_in, scale_out, start
from engine.types import Conditioning, Latent, LatentDict, Model, Sigmas
from nodes.sampling.widgets import Cfg, GuiderSocket, NoiseSocket, SamplerSocket, Seed, progress_of


class SampledLatents(NamedTuple):
    """What custom sampling nodes give."""

    output: Latent
    denoised_output: Annotated[Latent, Output("denoised_output")]


@node("SamplerCustom", category="sampling/custom_sampling")
def sampler_custom(
    context: NodeContext,
    model: Model,
    add_noise: bool = True,
    noise_seed: Seed = 0,
    cfg: Cfg = 8.0,
    *,
    positive: Conditioning,
    negative: Conditioning,
    sampler: SamplerSocket,
    sigmas: Sigmas,
    latent_image: Latent,
) -> SampledLatents:
    """Sample with a sampler and noise levels of your own.

    Args:
        model: The diffusion model.
        add_noise: Off, to go on from a latent that still has noise in it.
        noise_seed: Decides the noise.
        cfg: How strictly the prompts are followed; 1 ignores the negative.
        positive: What the picture should show.
        negative: What it should not show.
        sampler: The method that removes the noise.
        sigmas: The noise levels, from noisy to clean.
        latent_image: The latent to start from.
    """
    noise = RandomNoiseSource(noise_seed) if add_noise else NoNoiseSource(noise_seed)
    guider = Guider(model, positive, negative, cfg)
    return _sample(context, noise, guider, sampler, sigmas, latent_image)


@node("SamplerCustomAdvanced", category="sampling/custom_sampling")
def sampler_custom_advanced(
    context: NodeContext,
    noise: NoiseSocket,
    guider: GuiderSocket,
    sampler: SamplerSocket,
    sigmas: Sigmas,
    latent_image: Latent,
) -> SampledLatents:
    """Sample with every part chosen: noise, guider, sampler and noise levels.

    Args:
        noise: The noise to start from.
        guider: Model and prompts.
        sampler: The method that removes the noise.
        sigmas: The noise levels, from noisy to clean.
        latent_image: The latent to start from.
    """
    return _sample(context, noise, guider, sampler, sigmas, latent_image)


@node("BasicGuider", category="sampling/custom_sampling/guiders")
def basic_guider(model: Model, conditioning: Conditioning) -> GuiderSocket:
    """Guide a model by one prompt alone.

    Args:
        model: The diffusion model.
        conditioning: What the picture should show.
    """
    return Guider(model, conditioning)


@node("CFGGuider", category="sampling/custom_sampling/guiders")
def cfg_guider(
    model: Model, positive: Conditioning, negative: Conditioning, cfg: Cfg = 8.0
) -> GuiderSocket:
    """Guide a model towards one prompt and away from another.

    Args:
        model: The diffusion model.
        positive: What the picture should show.
        negative: What it should not show.
        cfg: How strictly the prompts are followed; 1 ignores the negative.
    """
    return Guider(model, positive, negative, cfg)


@node("RandomNoise", category="sampling/custom_sampling/noise")
def random_noise(noise_seed: Seed = 0) -> NoiseSocket:
    """Make the noise of a seed.

    Args:
        noise_seed: The same seed gives the same noise.
    """
    return RandomNoiseSource(noise_seed)


@node("DisableNoise", category="sampling/custom_sampling/noise")
def disable_noise() -> NoiseSocket:
    """Add no noise: go on from a latent that still has some in it."""
    return NoNoiseSource()


@node("AddNoise", category="_for_testing/custom_sampling/noise")
def add_noise(model: Model, noise: NoiseSocket, sigmas: Sigmas, latent_image: Latent) -> Latent:
    """Add noise to a latent, as much as lies between the first and the last noise level.

    Args:
        model: Gives the scale of its latents.
        noise: The noise to add.
        sigmas: The noise levels; with one, all of it is added.
        latent_image: The latent.
    """
    if len(sigmas) == 0:
        return latent_image
    latent = fit_empty(latent_image, model.latent_format)
    drawn = noise.generate_noise(latent)
    amount = abs(sigmas[0] - sigmas[-1]) if len(sigmas) > 1 else sigmas[0]
    scaled = scale_in(latent["samples"], model.latent_format)
    noisy = start(model, drawn, scaled, float(amount))
    latent["samples"] = scale_out(noisy, model.latent_format)
    return latent


def _sample(
    context: NodeContext,
    noise: NoiseSocket,
    guider: AnyGuider,
    sampler: Sampler,
    sigmas: torch.Tensor,
    latent_image: LatentDict,
) -> SampledLatents:
    latent = fit_empty(latent_image, guider.model.latent_format)
    sampled = sample(
        guider,
        noise=noise.generate_noise(latent),
        latent=latent["samples"],
        sampler=sampler,
        sigmas=sigmas,
        seed=noise.seed,
        noise_mask=latent.get("noise_mask"),
        on_step=progress_of(context, guider.model),
    )
    output, denoised = latent.copy(), latent.copy()
    output["samples"], denoised["samples"] = sampled.latent, sampled.x0
    return SampledLatents(output, denoised)
