"""KSampler and KSamplerAdvanced: a whole run, or a stretch of one, in one node."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number
from engine.sampling.ksampler import ksampler
from engine.types import Conditioning, Latent, Model
from nodes.sampling.widgets import (
    Cfg,
    SamplerName,
    SchedulerName,
    Seed,
    Share,
    Steps,
    progress_of,
)


@node("KSampler", category="sampling")
def k_sampler(
    context: NodeContext,
    model: Model,
    seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    *,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Share = 1.0,
) -> Latent:
    """Turn noise into a latent picture that follows the prompts.

    Start from an empty latent for a new picture, or from an encoded picture and a denoise below 1
    to change one.

    Args:
        model: The diffusion model.
        seed: Decides the noise: the same seed and settings give the same picture.
        steps: More steps take longer and change less and less.
        cfg: How strictly the prompts are followed; 1 ignores the negative and is twice as fast.
        sampler_name: The method that removes the noise.
        scheduler: How the noise levels are spread over the steps.
        positive: What the picture should show.
        negative: What it should not show.
        latent_image: The latent to start from.
        denoise: How much of the start is replaced: 1 all of it, 0 nothing.
    """
    return ksampler(
        model,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler_name,
        scheduler=scheduler,
        positive=positive,
        negative=negative,
        latent=latent_image,
        denoise=denoise,
        force_full_denoise=True,
        on_step=progress_of(context, model),
    )


@node("KSamplerAdvanced", category="sampling", title="KSampler (Advanced)")
def k_sampler_advanced(
    context: NodeContext,
    model: Model,
    add_noise: Literal["enable", "disable"],
    noise_seed: Seed = 0,
    steps: Steps = 20,
    cfg: Cfg = 8.0,
    *,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: Annotated[int, Number(0, 10000)] = 0,
    end_at_step: Annotated[int, Number(0, 10000)] = 10000,
    return_with_leftover_noise: Literal["disable", "enable"],
) -> Latent:
    """Do a stretch of a sampling run, so that two models or prompts can share one picture.

    Args:
        model: The diffusion model.
        add_noise: Disable it to go on from a latent that still has noise in it.
        noise_seed: Decides the noise.
        steps: Steps of the whole run, of which this node does a part.
        cfg: How strictly the prompts are followed; 1 ignores the negative and is twice as fast.
        sampler_name: The method that removes the noise.
        scheduler: How the noise levels are spread over the steps.
        positive: What the picture should show.
        negative: What it should not show.
        latent_image: The latent to start from.
        start_at_step: First step this node does.
        end_at_step: The step it stops before.
        return_with_leftover_noise: Keep the noise that later steps would remove.
    """
    return ksampler(
        model,
        seed=noise_seed,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler_name,
        scheduler=scheduler,
        positive=positive,
        negative=negative,
        latent=latent_image,
        add_noise=add_noise == "enable",
        start_step=start_at_step,
        end_step=end_at_step,
        force_full_denoise=return_with_leftover_noise == "disable",
        on_step=progress_of(context, model),
    )
