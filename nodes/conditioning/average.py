"""ConditioningAverage: a mixture of two prompts."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.text.conditioning import average
from engine.types import Conditioning


@node("ConditioningAverage", category="conditioning", replaces={"ConditioningAverage ": {}})
def conditioning_average(
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    conditioning_to_strength: Annotated[float, Number(0.0, 1.0, step=0.01)] = 1.0,
) -> Conditioning:
    """Blend two prompts into one that lies between them.

    The result is as long as `conditioning_to`. Of `conditioning_from` only the first prompt is
    used when several were combined.

    Args:
        conditioning_to: The prompt that counts fully at strength 1.
        conditioning_from: The prompt that counts fully at strength 0.
        conditioning_to_strength: Share of the first prompt.
    """
    return average(conditioning_to, conditioning_from, conditioning_to_strength)
