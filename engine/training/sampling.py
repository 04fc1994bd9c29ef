"""Sample pictures of a diffusion model while it is trained, drawn by the engine's own sampler."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import torch
from torch import Tensor

from engine.sampling.ksampler import ksampler
from engine.training.objectives.diffusion import DiffusionObjective
from engine.types import Autoencoder, LatentFormat, Network, NoiseSchedule, Prediction

_STEPS: Final = 16
_CFG: Final = 3.0


@dataclass(frozen=True, eq=False)
class ModelInTraining:
    """The networks of an objective as they are now; implements `engine.types.DiffusionModel`."""

    objective: DiffusionObjective
    prediction: Prediction
    latent_format: LatentFormat
    schedule: NoiseSchedule = field(default_factory=NoiseSchedule)
    options: Mapping[str, Any] = field(default_factory=dict)
    concat_channels: int = 0

    @classmethod
    def of(cls, objective: DiffusionObjective, downscale: int) -> Self:
        """Describe an objective whose latents have cells of `downscale` pixels."""
        latents = LatentFormat(
            channels=objective.latent_channels,
            scale=objective.settings.scale,
            downscale=downscale,
        )
        return cls(objective, Prediction(objective.settings.prediction), latents)

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

    def with_settings(
        self,
        *,
        prediction: Prediction | None = None,
        schedule: NoiseSchedule | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return a model with other sampling settings."""
        return dataclasses.replace(
            self,
            prediction=prediction or self.prediction,
            schedule=schedule or self.schedule,
            options={**self.options, **(options or {})},
        )


@torch.no_grad()
def sample_pictures(
    objective: DiffusionObjective,
    vae: Autoencoder,
    prompts: Sequence[str],
    latent_shape: tuple[int, int, int],
    seed: int,
) -> Tensor:
    """Draw one picture for each prompt, (B, H, W, 3) in [0, 1].

    Args:
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
        )
        pictures.append(vae.decode(drawn["samples"]))
    return torch.cat(pictures)
