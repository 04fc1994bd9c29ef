"""PreviewAny: any value as text."""

from __future__ import annotations

import json
import reprlib
from typing import Any

import torch

from engine.registry.decorator import node
from engine.types import Anything, Ui


@node("PreviewAny", category="utils", title="Preview Any", output=True)
def preview_any(source: Anything) -> Ui:
    """Show any value as text: text and numbers as they are, others by their structure."""
    return Ui(text=[_as_text(source)])


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str | int | float):
        return str(value)
    if not isinstance(value, dict | list | tuple):
        return _describe(value)
    try:
        return json.dumps(value, indent=4, ensure_ascii=False, default=_describe)
    except (TypeError, ValueError, RecursionError):  # odd keys, circles, thousands of levels
        return reprlib.repr(value)


def _describe(value: Any) -> str:
    if not isinstance(value, torch.Tensor):
        return reprlib.repr(value)
    shape = f"{str(value.dtype).removeprefix('torch.')} tensor {tuple(value.shape)}"
    if value.numel() == 0 or value.is_complex():
        return shape
    low, high = torch.aminmax(value.detach())
    return f"{shape} from {low.item():.6g} to {high.item():.6g}"
