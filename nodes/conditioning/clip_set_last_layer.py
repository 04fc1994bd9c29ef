"""CLIPSetLastLayer: clip skip."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Clip


@node("CLIPSetLastLayer", category="conditioning", title="CLIP Set Last Layer")
def clip_set_last_layer(
    clip: Clip, stop_at_clip_layer: Annotated[int, Number(-24, -1, step=1)] = -1
) -> Clip:
    """Use an earlier layer of the text encoder ("clip skip").

    Some models, many for drawn pictures among them, were trained on the second last layer: -2.

    Args:
        clip: The text encoder.
        stop_at_clip_layer: Counted from the end: -1 is the last layer, -2 the one before.
    """
    return clip.with_last_layer(stop_at_clip_layer)
