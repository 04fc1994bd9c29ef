"""The CONTROL_NET value: a ControlNet and, once applied, the picture that steers it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn

from engine.errors import InvalidValueError
from engine.models.component import Component
from engine.models.residency import Residency
from engine.types import ControlForward, ControlModel, ControlResiduals


@dataclass(kw_only=True, eq=False)
class ControlNet:
    """A ControlNet for Stable Diffusion 1.x; implements `engine.types.ControlModel`.

    Never changed once it travels along a link: `with_hint` and `with_previous` return new values.
    The `set_…` members change it in place, as node packs expect that call them on a `copy()`.

    Attributes:
        input_channels: Channels of the latent it takes.
        context_width: D of the text conditioning it takes.
        hint_channels: Channels of the picture it takes.
        activation_bytes: (B, C, h, w) -> bytes a forward pass takes besides the weights.
    """

    component: Component
    residency: Residency
    input_channels: int
    context_width: int
    hint_channels: int
    downscale: int
    activation_bytes: Callable[[tuple[int, ...]], int]
    hint: torch.Tensor | None = None
    strength: float = 1.0
    start_percent: float = 0.0
    end_percent: float = 1.0
    previous: ControlModel | None = None

    @contextmanager
    def loaded(self, batch_shape: tuple[int, ...]) -> Iterator[ControlForward]:
        """Bring the weights onto the device; see `engine.types.DiffusionModel`."""
        working_bytes = self.activation_bytes(batch_shape)
        with self.residency.use(self.component, working_bytes=working_bytes) as network:
            yield ControlNetForward(
                network, self.input_channels, self.context_width, self.residency.dtype
            )

    def with_hint(self, image: torch.Tensor, strength: float, start: float, end: float) -> Self:
        """Return one that is steered by an image (B, H, W, C) in [0, 1]; alpha is left out."""
        hint = image[..., : self.hint_channels].movedim(-1, 1)
        return self.copy().set_cond_hint(hint, strength, (start, end))

    def with_previous(self, previous: ControlModel | None) -> Self:
        """Return one with another before it, whose residuals are added."""
        return dataclasses.replace(self, previous=previous)

    def copy(self) -> Self:
        """Return an equal one over the same weights."""
        return dataclasses.replace(self)

    def set_cond_hint(
        self,
        cond_hint: torch.Tensor,
        strength: float = 1.0,
        timestep_percent_range: tuple[float, float] = (0.0, 1.0),
        vae: Any = None,
        extra_concat: Sequence[torch.Tensor] = (),
    ) -> Self:
        """Set in place what steers it, on a copy of one's own.

        Args:
            cond_hint: (B, C, H, W) in [0, 1].
            timestep_percent_range: Start and end, shares of the sampling.
            vae: Not looked at: these networks take pictures, not latents.
            extra_concat: Must be empty: these networks take nothing beside the picture.

        Raises: InvalidValueError.
        """
        if cond_hint.dim() != 4 or cond_hint.shape[1] != self.hint_channels:
            expected = f"a picture with {self.hint_channels} channels"
            raise InvalidValueError("ControlNet, picture", tuple(cond_hint.shape), expected)
        if len(extra_concat):
            raise InvalidValueError(
                "ControlNet, extra_concat", f"{len(extra_concat)} further inputs", "none"
            )
        self.hint, self.strength = cond_hint, strength
        self.start_percent, self.end_percent = timestep_percent_range
        return self

    def set_previous_controlnet(self, controlnet: ControlModel | None) -> Self:
        """Set in place the one before it, on a copy of one's own."""
        self.previous = controlnet
        return self

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the memory the weights take now, the picture, and both of those before it."""
        yield from self.residency.held(self.component)
        if self.hint is not None:
            yield self.hint
        if isinstance(self.previous, ControlNet):
            yield from self.previous.held_tensors()


class ControlNetForward:
    """A diffusers ControlNet behind the `ControlForward` protocol."""

    def __init__(
        self, network: nn.Module, input_channels: int, context_width: int, dtype: torch.dtype
    ) -> None:
        self._network, self._dtype = network, dtype
        self._input_channels, self._context_width = input_channels, context_width

    def __call__(
        self,
        x: torch.Tensor,
        timestep: torch.Tensor,
        context: torch.Tensor,
        hint: torch.Tensor,
    ) -> ControlResiduals:
        """Return the residuals; see `engine.types.ControlForward`.

        Raises: InvalidValueError, when it was made for another kind of model.
        """
        if (x.shape[1], context.shape[-1]) != (self._input_channels, self._context_width):
            raise InvalidValueError(
                "ControlNet",
                f"latents of {x.shape[1]} channels with prompts of {context.shape[-1]} numbers",
                f"latents of {self._input_channels} channels with prompts of"
                f" {self._context_width} numbers",
                "Use a ControlNet made for this kind of model.",
            )
        with torch.no_grad():
            down, middle = self._network(
                x.to(self._dtype, memory_format=torch.channels_last),
                timestep,
                encoder_hidden_states=context.to(x.device, self._dtype),
                controlnet_cond=hint.to(x.device, self._dtype),
                return_dict=False,
            )
        return [part.float() for part in down], middle.float()
