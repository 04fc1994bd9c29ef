"""ConditioningCombine: two prompts at once."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.types import Conditioning


@node("ConditioningCombine", category="conditioning", title="Conditioning (Combine)")
def conditioning_combine(
    conditioning_1: Conditioning, conditioning_2: Conditioning
) -> Conditioning:
    """Let two prompts guide the picture side by side.

    The model predicts once for each and the predictions are averaged, where their areas and masks
    overlap. Each further prompt costs another prediction per step.
    """
    return [[text, dict(extra)] for text, extra in (*conditioning_1, *conditioning_2)]
