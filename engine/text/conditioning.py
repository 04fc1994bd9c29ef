"""Arithmetic on conditioning: lists of [text (1, T, D), dict]. Every function returns new ones."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch

from engine.errors import InvalidValueError

Conditioning: TypeAlias = list[Any]

POOLED = "pooled_output"


def with_values(conditioning: Conditioning, **values: Any) -> Conditioning:
    """Return the conditioning with `values` set in each entry's dict."""
    return [[text, {**extra, **values}] for text, extra in conditioning]


def average(to: Conditioning, other: Conditioning, strength: float) -> Conditioning:
    """Mix every entry of `to` with the first of `other`: strength * to + (1 - strength) * other.

    The length is that of `to`: `other` is cut, or continued with zeros. Pooled vectors are mixed
    alike; where only one side has one, it is taken.

    Raises: InvalidValueError, when `other` is empty or the vectors differ in width.
    """
    other_text, other_extra = _first(other)
    return [
        [
            _mix(text, _fit(other_text, text.shape[1]), strength),
            _mix_pooled(extra, other_extra, strength),
        ]
        for text, extra in to
    ]


def concat(to: Conditioning, other: Conditioning) -> Conditioning:
    """Append the tokens of the first entry of `other` to every entry of `to`.

    Raises: InvalidValueError, when `other` is empty or the vectors differ in width.
    """
    other_text, _ = _first(other)
    for text, _ in to:
        _check_width(text, other_text)
    return [[torch.cat((text, other_text), 1), dict(extra)] for text, extra in to]


def zero_out(conditioning: Conditioning) -> Conditioning:
    """Return entries whose text and pooled vectors are zeros of the same shapes."""
    return [
        [
            torch.zeros_like(text),
            {
                k: torch.zeros_like(v) if k == POOLED and v is not None else v
                for k, v in extra.items()
            },
        ]
        for text, extra in conditioning
    ]


def _first(conditioning: Conditioning) -> tuple[torch.Tensor, dict[str, Any]]:
    if not conditioning:
        raise InvalidValueError('input "conditioning_from"', conditioning, "at least one prompt")
    text, extra = conditioning[0]
    return text, extra


def _fit(text: torch.Tensor, length: int) -> torch.Tensor:
    """Cut the token axis to `length`, or continue it with zeros."""
    missing = max(0, length - text.shape[1])
    return torch.nn.functional.pad(text[:, :length], (0, 0, 0, missing))


def _mix(to: torch.Tensor, other: torch.Tensor, strength: float) -> torch.Tensor:
    _check_width(to, other)
    return torch.lerp(other, to, strength)


def _mix_pooled(extra: dict[str, Any], other: dict[str, Any], strength: float) -> dict[str, Any]:
    mine, theirs = extra.get(POOLED), other.get(POOLED)
    if theirs is None:
        return dict(extra)
    return {**extra, POOLED: theirs if mine is None else _mix(mine, theirs, strength)}


def _check_width(to: torch.Tensor, other: torch.Tensor) -> None:
    if to.shape[-1] != other.shape[-1]:
        expected = f"vectors of {to.shape[-1]} numbers, as in conditioning_to"
        hint = "Use prompts of the same text encoder."
        raise InvalidValueError('input "conditioning_from"', other.shape[-1], expected, hint)
