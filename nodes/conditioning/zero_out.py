"""ConditioningZeroOut: no prompt at all."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.text.conditioning import zero_out
from engine.types import Conditioning


@node("ConditioningZeroOut", category="advanced/conditioning")
def conditioning_zero_out(conditioning: Conditioning) -> Conditioning:
    """Replace a prompt's numbers by zeros; its areas and settings stay.

    Some models were trained with zeros as "no prompt", which is not the same as an empty text.
    """
    return zero_out(conditioning)
