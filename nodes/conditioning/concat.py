"""ConditioningConcat: one prompt after the other."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.text.conditioning import concat
from engine.types import Conditioning


@node("ConditioningConcat", category="conditioning", title="Conditioning (Concat)")
def conditioning_concat(
    conditioning_to: Conditioning, conditioning_from: Conditioning
) -> Conditioning:
    """Append one prompt's tokens to another's, so that neither blurs into the other.

    Of `conditioning_from` only the first prompt is used when several were combined.

    Args:
        conditioning_to: The prompt that comes first and keeps its areas and settings.
        conditioning_from: The prompt that is appended.
    """
    return concat(conditioning_to, conditioning_from)
