"""The MODEL value: a diffusion network with patches and sampling settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import nn

from engine.errors import InvalidValueError
from engine.models.component import Component, Patch
from engine.models.residency import Residency
from engine.types import LatentFormat, Network, NoiseSchedule, Prediction


def _no_options() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True, eq=False)
class SamplingSettings:
    """What a model says about sampling; see `engine.types.DiffusionModel`."""

    prediction: Prediction
    schedule: NoiseSchedule
    latent_format: LatentFormat
    options: Mapping[str, Any] = field(default_factory=_no_options)

    def with_settings(
        self,
        *,
        prediction: Prediction | None = None,
        schedule: NoiseSchedule | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return a model with other sampling settings; `options` are merged over the present."""
        return dataclasses.replace(
            self,
            prediction=prediction or self.prediction,
            schedule=schedule or self.schedule,
            options=MappingProxyType({**self.options, **(options or {})}),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffusionNetworkModel(SamplingSettings):
    """Base weights, patches and sampling settings; implements `engine.types.DiffusionModel`.

    Attributes:
        input_channels: Channels the network takes; more than the latent's for inpainting models.
        context_width: D of the text conditioning it takes.
        patches: Applied to the weights in this order when they are placed.
        activation_bytes: (B, C, h, w) -> bytes a forward pass takes besides the weights.
    """

    component: Component
    residency: Residency
    input_channels: int
    context_width: int
    activation_bytes: Callable[[tuple[int, ...]], int]
    patches: tuple[Patch, ...] = ()

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.residency.device

    @property
    def concat_channels(self) -> int:
        """Channels the network takes beside the latent's; see `engine.types.DiffusionModel`."""
        return self.input_channels - self.latent_format.channels

    @contextmanager
    def loaded(self, batch_shape: tuple[int, ...]) -> Iterator[Network]:
        """Bring the patched weights onto the device; see `engine.types.DiffusionModel`."""
        with self.residency.use(
            self.component, self.patches, working_bytes=self.activation_bytes(batch_shape)
        ) as network:
            yield UnetForward(
                network, self.input_channels, self.context_width, self.residency.dtype
            )

    def with_patches(self, patches: Iterable[Patch]) -> Self:
        """Return a model with further patches, applied after the present ones."""
        return dataclasses.replace(self, patches=(*self.patches, *patches))

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the memory the weights take now."""
        return self.residency.held(self.component)


class UnetForward:
    """A diffusers UNet behind the `Network` protocol.

    `extra` may hold "concat": (B, C', h, w), the further input channels of inpainting models, and
    "control": `engine.types.ControlResiduals`, added to the skip connections and in the middle.
    """

    def __init__(
        self, unet: nn.Module, input_channels: int, context_width: int, dtype: torch.dtype
    ) -> None:
        self._unet, self._dtype = unet, dtype
        self._input_channels, self._context_width = input_channels, context_width

    def __call__(
        self,
        x: torch.Tensor,
        timestep: torch.Tensor,
        context: torch.Tensor,
        extra: Mapping[str, Any],
    ) -> torch.Tensor:
        """Return the raw prediction; see `engine.types.Network`.

        Raises: InvalidValueError, when an input is of another kind of model.
        """
        inputs = torch.cat([x, extra["concat"]], dim=1) if "concat" in extra else x
        self._check(inputs, context, extra)
        down, middle = extra.get("control", (None, None))
        with torch.no_grad():
            (prediction,) = self._unet(
                inputs.to(self._dtype, memory_format=torch.channels_last),
                timestep,
                encoder_hidden_states=context.to(inputs.device, self._dtype),
                down_block_additional_residuals=down and [part.to(self._dtype) for part in down],
                mid_block_additional_residual=None if middle is None else middle.to(self._dtype),
                return_dict=False,
            )
        result: torch.Tensor = prediction.float()
        return result

    def _check(self, inputs: torch.Tensor, context: torch.Tensor, extra: Mapping[str, Any]) -> None:
        unknown = set(extra) - {"concat", "control"}
        if unknown:
            raise InvalidValueError(
                "Diffusion model, extra inputs", sorted(unknown), '"concat", "control"'
            )
        if inputs.shape[1] != self._input_channels:
            raise InvalidValueError(
                "Diffusion model, input",
                f"{inputs.shape[1]} channels",
                f"{self._input_channels} channels",
                "Inpainting models need a masked picture beside the latent; other models need an"
                " empty latent or a VAE of their own kind.",
            )
        if context.shape[-1] != self._context_width:
            raise InvalidValueError(
                "Diffusion model, conditioning",
                f"vectors of {context.shape[-1]} numbers",
                f"vectors of {self._context_width} numbers",
                "Encode the prompt with the CLIP that belongs to the model.",
            )
