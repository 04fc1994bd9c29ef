"""GUIDER values: a model with what guides it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from engine.sampling.control import share_controls
from engine.sampling.denoiser import Denoiser
from engine.sampling.guidance import (
    GuidedDenoiser,
    MixedDenoiser,
    OnUnguided,
    dual_guidance,
    nested_guidance,
    perpendicular_guidance,
)
from engine.sampling.predict import Predictor
from engine.sampling.regions import Canvas
from engine.types import DiffusionModel


class AnyGuider(Protocol):
    """What a sampling run asks of a GUIDER value."""

    @property
    def model(self) -> DiffusionModel:
        """The model that is sampled."""
        ...

    @property
    def sides(self) -> int:
        """How many conditionings are predicted at most in a step."""
        ...

    def denoiser(
        self, predictor: Predictor, canvas: Canvas, on_unguided: OnUnguided | None
    ) -> Denoiser:
        """Return the guided denoiser of one run."""
        ...


@dataclass(frozen=True, slots=True)
class Guider:
    """One prompt, or a positive and a negative with classifier-free guidance.

    Attributes:
        positive: CONDITIONING.
        negative: CONDITIONING, or None for no guidance.
    """

    model: DiffusionModel
    positive: list[Any]
    negative: list[Any] | None = None
    cfg: float = 1.0

    @property
    def sides(self) -> int:
        """See `AnyGuider`."""
        return 1 if self.negative is None else 2

    def denoiser(
        self, predictor: Predictor, canvas: Canvas, on_unguided: OnUnguided | None
    ) -> Denoiser:
        """See `AnyGuider`."""
        negative = None
        if self.negative is not None:
            negative = canvas.place(share_controls(self.positive, self.negative))
        positive = canvas.place(self.positive)
        return GuidedDenoiser(predictor, positive, negative, self.cfg, on_unguided)


@dataclass(frozen=True, slots=True)
class DualGuider:
    """Two prompts and a negative, each step of guidance with its own strength.

    Attributes:
        cfg_first: From the second towards the first.
        cfg_second: From the negative towards the second.
        style: "nested" applies the second strength to the outcome of the first.
    """

    model: DiffusionModel
    first: list[Any]
    second: list[Any]
    negative: list[Any]
    cfg_first: float
    cfg_second: float
    style: Literal["regular", "nested"] = "regular"
    sides: int = 3

    def denoiser(
        self, predictor: Predictor, canvas: Canvas, on_unguided: OnUnguided | None
    ) -> Denoiser:
        """See `AnyGuider`."""
        formula = nested_guidance if self.style == "nested" else dual_guidance
        mix = partial(formula, first=self.cfg_first, second=self.cfg_second)
        others = (share_controls(self.first, side) for side in (self.second, self.negative))
        sides = tuple(canvas.place(side) for side in (self.first, *others))
        return MixedDenoiser(predictor, sides, mix, on_unguided)


@dataclass(frozen=True, slots=True)
class PerpNegGuider:
    """A negative that takes nothing away of what the positive asks for.

    Attributes:
        empty: CONDITIONING of an empty prompt.
        neg_scale: Strength of the negative.
    """

    model: DiffusionModel
    positive: list[Any]
    negative: list[Any]
    empty: list[Any]
    cfg: float
    neg_scale: float
    sides: int = 3

    def denoiser(
        self, predictor: Predictor, canvas: Canvas, on_unguided: OnUnguided | None
    ) -> Denoiser:
        """See `AnyGuider`."""
        mix = partial(perpendicular_guidance, cfg=self.cfg, neg_scale=self.neg_scale)
        others = (share_controls(self.positive, side) for side in (self.negative, self.empty))
        sides = tuple(canvas.place(side) for side in (self.positive, *others))
        return MixedDenoiser(predictor, sides, mix, on_unguided)
