"""ConditioningSetTimestepRange: when a prompt applies."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.text.conditioning import with_values
from engine.types import Conditioning

_Share = Annotated[float, Number(0.0, 1.0, step=0.001)]


@node("ConditioningSetTimestepRange", category="advanced/conditioning")
def conditioning_set_timestep_range(
    conditioning: Conditioning, start: _Share = 0.0, end: _Share = 1.0
) -> Conditioning:
    """Let a prompt count during a part of the sampling only.

    Combine several with ranges that follow each other to change the prompt on the way.

    Args:
        start: Where it begins to count: 0 is the first step, pure noise.
        end: Where it ends: 1 is the finished picture.
    """
    return with_values(conditioning, start_percent=start, end_percent=end)
