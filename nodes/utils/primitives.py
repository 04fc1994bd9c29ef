"""Nodes that hold one value, to feed several inputs from one place."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number, Text

_LARGEST = 2**63 - 1


@node("PrimitiveString", category="utils/primitive", title="String")
def primitive_string(value: str) -> str:
    """Hold a line of text."""
    return value


@node("PrimitiveStringMultiline", category="utils/primitive", title="String (Multiline)")
def primitive_string_multiline(value: Annotated[str, Text(multiline=True)]) -> str:
    """Hold a text of several lines."""
    return value


@node("PrimitiveInt", category="utils/primitive", title="Int")
def primitive_int(
    value: Annotated[int, Number(-_LARGEST, _LARGEST, control_after_generate=True)],
) -> int:
    """Hold a whole number; it can change by itself after each run, as a seed does."""
    return value


@node("PrimitiveFloat", category="utils/primitive", title="Float")
def primitive_float(value: Annotated[float, Number(-_LARGEST, _LARGEST, step=0.01)]) -> float:
    """Hold a number with decimals."""
    return value


@node("PrimitiveBoolean", category="utils/primitive", title="Boolean")
def primitive_boolean(value: bool) -> bool:
    """Hold a yes or no."""
    return value
