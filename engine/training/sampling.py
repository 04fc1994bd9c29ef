"""Sample pictures of a diffusion model while it is trained, drawn by the engine's own sampler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import torch
from torch import Tensor

from engine.models.model import SamplingSettings
from engine.sampling.ksampler import ksampler
from engine.training.objective import Pulse
from engine.training.objectives.diffusion import DiffusionObjective
from engine.types import Autoencoder, LatentFormat, Network, NoiseSchedule, Prediction

_STEPS: Final = 16
_CFG: Final = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelInTraining(SamplingSettings):
    """The networks of an objective as they are now; implements `engine.types.DiffusionModel`."""

    objective: DiffusionObjective
    concat_channels: int = 0

    @classmethod
    def of(cls, objective: DiffusionObjective, downscale: int) -> Self:
        """Describe an objective whose latents have cells of `downscale` pixels."""
        latents = LatentFormat(
            channels=objective.latent_channels,
            scale=objective.settings.scale,
            downscale=downscale,
        )
        return cls(
            objective=objective,
            prediction=Prediction(objective.settings.prediction),
            schedule=NoiseSchedule(),
            latent_format=latents,
        )

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.objective.device

    @contextmanager
    def loaded(self, batch_shape: tuple[int, ...]) -> Iterator[Network]:
        """Yield the network, which is in its place already."""

        def network(x: Tensor, timestep: Tensor, context: Tensor, extra: Any) -> Tensor:
            return self.objective.predict(x, timestep, context.to(x.device)).float()

        yield network


@torch.no_grad()
def sample_pictures(
    objective: DiffusionObjective,
    pulse: Pulse,
    *,
    vae: Autoencoder,
    prompts: Sequence[str],
    latent_shape: tuple[int, int, int],
    seed: int,
) -> Tensor:
    """Draw one picture for each prompt, (B, H, W, 3) in [0, 1].

    Args:
        pulse: Called after each step of each picture.
        latent_shape: Channels, height and width.
        seed: The same starting noise for every prompt.
    """
    model = ModelInTraining.of(objective, vae.downscale)
    pictures = []
    for prompt in prompts:
        positive: list[object] = [[objective.context([prompt]), {}]]
        negative: list[object] = [[objective.context([""]), {}]]
        drawn = ksampler(
            model,
            seed=seed,
            steps=_STEPS,
            cfg=_CFG,
            sampler_name="euler",
            scheduler="sgm_uniform",
            positive=positive,
            negative=negative,
            latent={"samples": torch.zeros(1, *latent_shape)},
            on_step=lambda _: pulse(),
        )
        pictures.append(vae.decode(drawn["samples"]))
    return torch.cat(pictures)
