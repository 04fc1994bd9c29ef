"""ControlNets in a run: which ones count, what they look at, what they add. arXiv:2302.05543."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.sampling.sigmas import SigmaTable
from engine.types import ControlForward, ControlModel, ControlResiduals


class _Box(Protocol):
    """A rectangle of latent cells; see `regions.Box`."""

    @property
    def y(self) -> int: ...
    @property
    def x(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class ControlTerm:
    """One ControlNet of a chain, its weights in place and its hint fitted to the latent.

    Attributes:
        hint: (B, C, h * downscale, w * downscale) in [0, 1] over the whole latent.
        sigma_start: Counts at sigmas from here …
        sigma_end: … down to here.
    """

    network: ControlForward
    hint: Tensor
    downscale: int
    strength: float
    sigma_start: float
    sigma_end: float

    def active(self, sigma: float) -> bool:
        """Say whether it counts at a noise level."""
        return self.sigma_end <= sigma <= self.sigma_start

    def cut(self, box: _Box) -> Tensor:
        """Return the part of the hint over a rectangle of latent cells, as a view."""
        top, left = box.y * self.downscale, box.x * self.downscale
        bottom, right = top + box.height * self.downscale, left + box.width * self.downscale
        return self.hint[..., top:bottom, left:right]


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """The ControlNets of one run; each is placed when first asked for and stays until its end.

    Attributes:
        latent: (B, C, h, w) on the sampling device; only its shape, type and device count.
        batch_shape: The largest (B, C, h, w) of a forward pass.
        placed: Holds them in place; closed after the run.
    """

    latent: Tensor
    table: SigmaTable
    batch_shape: tuple[int, ...]
    placed: ExitStack
    _terms: dict[ControlModel, ControlTerm] = field(default_factory=dict)

    def of(self, control: Any) -> tuple[ControlTerm, ...]:
        """Return the chain that ends with a conditioning entry's `control`, the last one first.

        Entries with the same value get the same terms, so that they may share a forward pass.

        Raises: InvalidValueError, for a ControlNet without a hint.
        """
        terms: list[ControlTerm] = []
        while control is not None:
            if control not in self._terms:
                self._terms[control] = self._place(control)
            terms.append(self._terms[control])
            control = control.previous
        return tuple(terms)

    def _place(self, control: ControlModel) -> ControlTerm:
        if control.hint is None:
            raise InvalidValueError(
                "ControlNet", "no picture", "a picture to follow", "Use ControlNetApplyAdvanced."
            )
        return ControlTerm(
            self.placed.enter_context(control.loaded(self.batch_shape)),
            _fit(control.hint, self.latent, control.downscale),
            control.downscale,
            control.strength,
            self.table.at_percent(control.start_percent),
            self.table.at_percent(control.end_percent),
        )


def residuals(
    terms: Sequence[ControlTerm],
    hints: Sequence[Tensor],
    x: Tensor,
    timestep: Tensor,
    context: Tensor,
) -> ControlResiduals:
    """Return the sum over a chain of strength times output.

    Args:
        terms: At least one.
        hints: Of each term, for the batch of `x`.
        x: In the variance the network takes.
    """
    outputs = []
    for term, hint in zip(terms, hints, strict=True):
        down, middle = term.network(x, timestep, context, hint)
        outputs.append([part * term.strength for part in (*down, middle)])
    *down, middle = [sum(parts[1:], parts[0]) for parts in zip(*outputs, strict=True)]
    return down, middle


def share_controls(positive: list[Any], other: list[Any]) -> list[Any]:
    """Return another side's conditioning steered by ControlNets meant for all sides.

    Those are the positive's whose entry says `control_apply_to_uncond`. A side with a ControlNet
    of its own is left as it is, and so are entries with an area: it is the whole picture that is
    steered. With several, entry after entry takes the next.
    """
    shared = [
        keys["control"]
        for _, keys in positive
        if keys.get("control_apply_to_uncond") and keys.get("control") and "area" not in keys
    ]
    if not shared or any(keys.get("control") is not None for _, keys in other):
        return other
    whole = [place for place, (_, keys) in enumerate(other) if "area" not in keys]
    given = {place: shared[turn % len(shared)] for turn, place in enumerate(whole)}
    return [
        [text, {**keys, "control": given[place]} if place in given else keys]
        for place, (text, keys) in enumerate(other)
    ]


def _fit(hint: Tensor, like: Tensor, downscale: int) -> Tensor:
    """Cut a hint's centre to the latent's aspect ratio, scale it, repeat it over the batch.

    Nearest pixels: hints are drawings and maps, in which blends of two values mean a third thing.
    """
    height, width = (side * downscale for side in like.shape[-2:])
    have_height, have_width = hint.shape[-2:]
    left = max(0, round((have_width - have_height * width / height) / 2))
    top = max(0, round((have_height - have_width * height / width) / 2))
    left, top = min(left, (have_width - 1) // 2), min(top, (have_height - 1) // 2)
    hint = hint[..., top : have_height - top, left : have_width - left]
    hint = functional.interpolate(hint, size=(height, width), mode="nearest-exact")
    hint = hint.repeat(-(-len(like) // len(hint)), 1, 1, 1)[: len(like)]
    return hint.to(like.device, like.dtype)
