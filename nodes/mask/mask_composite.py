"""Combines two masks."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import torch

from engine.imaging.batch import repeat_to_batch
from engine.imaging.checks import check_mask
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Mask

Operation: TypeAlias = Literal["multiply", "add", "subtract", "and", "or", "xor"]


@node("MaskComposite", category="mask")
def mask_composite(
    destination: Mask,
    source: Mask,
    x: Annotated[int, Number(0, 16384, 1)] = 0,
    y: Annotated[int, Number(0, 16384, 1)] = 0,
    operation: Operation = "multiply",
) -> Mask:
    """Lay a mask over a place of another and combine the values there.

    "multiply", "add" and "subtract" calculate with the values and keep the result in 0 to 1;
    "and", "or" and "xor" first round both to 0 or 1.

    Args:
        destination: Its size and batch are kept.
        source: What sticks out is cut off.
        x: Left edge of the source, in pixels.
        y: Top edge of the source, in pixels.
    """
    result = check_mask(destination, "destination").clone()
    source = repeat_to_batch(check_mask(source, "source"), result.shape[0])
    place = result[:, y : y + source.shape[1], x : x + source.shape[2]]
    place.copy_(_combined(place, source[:, : place.shape[1], : place.shape[2]], operation))
    return result


def _combined(first: torch.Tensor, second: torch.Tensor, operation: Operation) -> torch.Tensor:
    match operation:
        case "multiply":
            result = first * second
        case "add":
            result = first + second
        case "subtract":
            result = first - second
        case "and":
            result = (first.round().bool() & second.round().bool()).to(first.dtype)
        case "or":
            result = (first.round().bool() | second.round().bool()).to(first.dtype)
        case "xor":
            result = (first.round().bool() ^ second.round().bool()).to(first.dtype)
    return result.clamp(0.0, 1.0)
