"""Values at the border between native nodes and packs.

Native values are immutable; packs clone and change the objects they know. So a pack's node gets a
facade around a native value, and what it returns is turned back into a native value. The facades
register themselves with the two functions here.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from dataclasses import replace
from functools import singledispatch
from typing import Any

from engine.registry.spec import NodeContext, NodeSpec
from engine.types import NodeResult


@singledispatch
def to_pack(value: Any) -> Any:
    """Return what packs see in place of a value; most values are the same on both sides."""
    return value


@singledispatch
def to_native(value: Any) -> Any:
    """Undo `to_pack`.

    Raises: NotOfferedError, when a pack changed the value in a way the engine cannot follow.
    """
    return value


@to_pack.register(list)
def _list_to_pack(value: list[Any]) -> list[Any]:
    return _mapped(value, to_pack)


@to_native.register(list)
def _list_to_native(value: list[Any]) -> list[Any]:
    return _mapped(value, to_native)


def _mapped(values: list[Any], convert: Any) -> list[Any]:
    """Convert the elements of a plain list; a list without any to convert stays the same object."""
    if type(values) is not list:
        return values
    # One level: lists inside (conditioning) hold tensors and dicts, never models.
    converted = [v if isinstance(v, list) else convert(v) for v in values]
    return values if all(a is b for a, b in zip(values, converted, strict=True)) else converted


def know_facades() -> None:
    """Let the facades register themselves, when the first pack needs them."""
    from engine.compat.hosting import model, samplers, vae  # noqa: F401


def at_border(spec: NodeSpec) -> NodeSpec:
    """Return a pack's node type with its values converted on the way in and out."""
    know_facades()

    def call(instance: Any, inputs: dict[str, Any], context: NodeContext) -> Any | Awaitable[Any]:
        answer = spec.call(instance, _inward(inputs), context)
        return _later(answer) if inspect.isawaitable(answer) else answer_to_native(answer)

    check = spec.check_lazy
    if check is None:
        return replace(spec, call=call)
    return replace(
        spec, call=call, check_lazy=lambda instance, inputs: check(instance, _inward(inputs))
    )


def answer_to_native(answer: Any) -> Any:
    """Convert the values in a node's raw answer (contract §4.4)."""
    if isinstance(answer, NodeResult):
        return replace(answer, values=tuple(to_native(value) for value in answer.values))
    if isinstance(answer, dict):
        if "result" not in answer:
            return answer
        return {**answer, "result": answer_to_native(answer["result"])}
    if isinstance(answer, (tuple, list)):
        return tuple(to_native(value) for value in answer)
    return to_native(answer)


def _inward(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: to_pack(value) for name, value in inputs.items()}


async def _later(answer: Awaitable[Any]) -> Any:
    return answer_to_native(await answer)
