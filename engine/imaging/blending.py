"""Formulas that mix two pictures pixel by pixel, and compositing with two alphas."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from engine.errors import UnknownNameError

Tensor = torch.Tensor


def blend(base: Tensor, top: Tensor, mode: str) -> Tensor:
    """Return B(base, top) of a separable blend mode, for values in [0, 1].

    Source: W3C, Compositing and Blending Level 1, section 10.1.

    Raises: UnknownNameError.
    """
    if mode not in BLEND_MODES:
        raise UnknownNameError("blend mode", mode, BLEND_MODES)
    return BLEND_MODES[mode](base, top)


def _hard_light(base: Tensor, top: Tensor) -> Tensor:
    return torch.where(top <= 0.5, 2 * base * top, 1 - 2 * (1 - base) * (1 - top))


def _soft_light(base: Tensor, top: Tensor) -> Tensor:
    lifted = torch.where(base <= 0.25, ((16 * base - 12) * base + 4) * base, base.sqrt())
    return torch.where(
        top <= 0.5,
        base - (1 - 2 * top) * base * (1 - base),
        base + (2 * top - 1) * (lifted - base),
    )


BLEND_MODES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "normal": lambda base, top: top,
    "multiply": lambda base, top: base * top,
    "screen": lambda base, top: base + top - base * top,
    "overlay": lambda base, top: _hard_light(top, base),
    "soft_light": _soft_light,
    "difference": lambda base, top: (base - top).abs(),
}


class Layer(NamedTuple):
    """A picture with alpha.

    Attributes:
        colour: (…, C), multiplied by alpha.
        alpha: (…, 1), 1 = opaque.
    """

    colour: Tensor
    alpha: Tensor


def porter_duff(source: Layer, destination: Layer, mode: str) -> Layer:
    """Composite two layers, premultiplied by their alpha, and return another.

    Source: T. Porter and T. Duff, "Compositing Digital Images", SIGGRAPH 1984; the modes beyond
    it as in Android's `PorterDuff.Mode`.

    Raises: UnknownNameError.
    """
    if mode not in PORTER_DUFF_MODES:
        raise UnknownNameError("compositing mode", mode, PORTER_DUFF_MODES)
    return PORTER_DUFF_MODES[mode](source, destination)


def _fractions(
    of_source: Callable[[Tensor, Tensor], Tensor | float],
    of_destination: Callable[[Tensor, Tensor], Tensor | float],
) -> Callable[[Layer, Layer], Layer]:
    """Keep a fraction of each layer, given both alphas: the 1984 operators."""

    def mode(source: Layer, destination: Layer) -> Layer:
        fraction_s = of_source(source.alpha, destination.alpha)
        fraction_d = of_destination(source.alpha, destination.alpha)
        return Layer(
            source.colour * fraction_s + destination.colour * fraction_d,
            source.alpha * fraction_s + destination.alpha * fraction_d,
        )

    return mode


def _mixed(both: Callable[[Layer, Layer], Tensor]) -> Callable[[Layer, Layer], Layer]:
    """Show each layer alone where the other is clear, and `both` where they overlap."""

    def mode(source: Layer, destination: Layer) -> Layer:
        alone_s = source.colour * (1 - destination.alpha)
        alone_d = destination.colour * (1 - source.alpha)
        alpha = source.alpha + destination.alpha - source.alpha * destination.alpha
        return Layer(alone_s + alone_d + both(source, destination), alpha)

    return mode


def _add(source: Layer, destination: Layer) -> Layer:
    return Layer(
        (source.colour + destination.colour).clamp_max(1.0),
        (source.alpha + destination.alpha).clamp_max(1.0),
    )


def _multiply(source: Layer, destination: Layer) -> Layer:
    return Layer(source.colour * destination.colour, source.alpha * destination.alpha)


def _overlay(source: Layer, destination: Layer) -> Tensor:
    product = 2 * source.colour * destination.colour
    screen = source.alpha * destination.alpha - 2 * (destination.alpha - destination.colour) * (
        source.alpha - source.colour
    )
    return torch.where(2 * destination.colour <= destination.alpha, product, screen)


def _darker(source: Layer, destination: Layer) -> Tensor:
    return torch.minimum(source.colour * destination.alpha, destination.colour * source.alpha)


def _lighter(source: Layer, destination: Layer) -> Tensor:
    return torch.maximum(source.colour * destination.alpha, destination.colour * source.alpha)


def _screen(source: Layer, destination: Layer) -> Tensor:
    # Screen: s + d - s d; what lies alone is added by _mixed.
    return (
        source.colour * destination.alpha
        + destination.colour * source.alpha
        - source.colour * destination.colour
    )


PORTER_DUFF_MODES: dict[str, Callable[[Layer, Layer], Layer]] = {
    "ADD": _add,
    "CLEAR": _fractions(lambda s, d: 0.0, lambda s, d: 0.0),
    "DARKEN": _mixed(_darker),
    "DST": _fractions(lambda s, d: 0.0, lambda s, d: 1.0),
    "DST_ATOP": _fractions(lambda s, d: 1 - d, lambda s, d: s),
    "DST_IN": _fractions(lambda s, d: 0.0, lambda s, d: s),
    "DST_OUT": _fractions(lambda s, d: 0.0, lambda s, d: 1 - s),
    "DST_OVER": _fractions(lambda s, d: 1 - d, lambda s, d: 1.0),
    "LIGHTEN": _mixed(_lighter),
    "MULTIPLY": _multiply,
    "OVERLAY": _mixed(_overlay),
    "SCREEN": _mixed(_screen),
    "SRC": _fractions(lambda s, d: 1.0, lambda s, d: 0.0),
    "SRC_ATOP": _fractions(lambda s, d: d, lambda s, d: 1 - s),
    "SRC_IN": _fractions(lambda s, d: d, lambda s, d: 0.0),
    "SRC_OUT": _fractions(lambda s, d: 1 - d, lambda s, d: 0.0),
    "SRC_OVER": _fractions(lambda s, d: 1.0, lambda s, d: 1 - s),
    "XOR": _fractions(lambda s, d: 1 - d, lambda s, d: 1 - s),
}
