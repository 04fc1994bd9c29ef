"""Where in the picture a prompt applies, as a rectangle."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.text.conditioning import with_values
from engine.types import Conditioning

_LARGEST = 16384
# Areas are kept in cells of 8 pixels whatever the model, as ComfyUI's samplers and packs expect.
_CELL = 8

_Side = Annotated[int, Number(64, _LARGEST, step=8)]
_Offset = Annotated[int, Number(0, _LARGEST, step=8)]
_Share = Annotated[float, Number(0.0, 1.0, step=0.01)]
_Strength = Annotated[float, Number(0.0, 10.0, step=0.01)]


@node("ConditioningSetArea", category="conditioning", title="Conditioning (Set Area)")
def conditioning_set_area(
    conditioning: Conditioning,
    width: _Side = 64,
    height: _Side = 64,
    x: _Offset = 0,
    y: _Offset = 0,
    strength: _Strength = 1.0,
) -> Conditioning:
    """Limit a prompt to a rectangle of the picture, in pixels.

    Args:
        width: Pixels.
        height: Pixels.
        x: Left edge, pixels from the left.
        y: Upper edge, pixels from the top.
        strength: How much the prompt counts where it overlaps others.
    """
    area = (height // _CELL, width // _CELL, y // _CELL, x // _CELL)
    return with_values(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node(
    "ConditioningSetAreaPercentage",
    category="conditioning",
    title="Conditioning (Set Area with Percentage)",
)
def conditioning_set_area_percentage(
    conditioning: Conditioning,
    width: _Share = 1.0,
    height: _Share = 1.0,
    x: _Share = 0.0,
    y: _Share = 0.0,
    strength: _Strength = 1.0,
) -> Conditioning:
    """Limit a prompt to a rectangle of the picture, in shares of its sides: 0.5 is half.

    Args:
        width: Share of the picture's width.
        height: Share of the picture's height.
        x: Left edge, as a share of the width.
        y: Upper edge, as a share of the height.
        strength: How much the prompt counts where it overlaps others.
    """
    area = ("percentage", height, width, y, x)
    return with_values(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaStrength", category="conditioning")
def conditioning_set_area_strength(
    conditioning: Conditioning, strength: _Strength = 1.0
) -> Conditioning:
    """Set how much a prompt counts against the others it is combined with.

    Args:
        strength: Weight in the average; 0 leaves the prompt out.
    """
    return with_values(conditioning, strength=strength)
