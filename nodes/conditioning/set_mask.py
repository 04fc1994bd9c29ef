"""ConditioningSetMask: where in the picture a prompt applies, as a mask."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.text.conditioning import with_values
from engine.types import Conditioning, Mask


@node("ConditioningSetMask", category="conditioning", title="Conditioning (Set Mask)")
def conditioning_set_mask(
    conditioning: Conditioning,
    mask: Mask,
    strength: Annotated[float, Number(0.0, 10.0, step=0.01)] = 1.0,
    set_cond_area: Literal["default", "mask bounds"] = "default",
) -> Conditioning:
    """Limit a prompt to a mask: it counts fully where the mask is 1 and not where it is 0.

    Args:
        mask: Of any size; it is scaled to the picture.
        strength: How much the prompt counts where it overlaps others.
        set_cond_area: "mask bounds" lets the model see only the rectangle around the mask, which
            is faster and sharper but blind to what is beside it.
    """
    return with_values(
        conditioning,
        mask=mask[None] if mask.ndim == 2 else mask,
        mask_strength=strength,
        set_area_to_bounds=set_cond_area == "mask bounds",
    )
