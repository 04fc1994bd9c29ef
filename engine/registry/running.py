"""Says, to code that packs call without any context, which node is running."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from engine.registry.spec import NodeContext


@dataclass(frozen=True, slots=True)
class _Call:
    context: NodeContext
    expansions: count[int] = field(default_factory=lambda: count(1))


_current: ContextVar[_Call | None] = ContextVar("current_call", default=None)


def call_as_running(context: NodeContext, function: Callable[[], Any]) -> Any:
    """Call `function` while `context` is the current one, in this thread or task only.

    Returns: its answer; an awaitable answer is wrapped so that it too finds its context.
    """
    call = _Call(context)
    with _entered(call):
        answer = function()
    return _awaited(call, answer) if inspect.isawaitable(answer) else answer


def current_context() -> NodeContext | None:
    """Return the context of the pack node that is running here, or None outside of nodes."""
    call = _current.get()
    return None if call is None else call.context


def next_expansion_prefix() -> str:
    """Return a new "<node>.<call index>.<n>." for ids of nodes made by the running node.

    Raises: LookupError, outside of a running pack node.
    """
    call = _current.get()
    if call is None:
        raise LookupError(
            "GraphBuilder(): no node is running here, so new ids have no prefix. "
            "Pass one: GraphBuilder(prefix)."
        )
    return f"{call.context.node_id}.{call.context.call_index}.{next(call.expansions)}."


@contextmanager
def _entered(call: _Call) -> Iterator[None]:
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


async def _awaited(call: _Call, answer: Awaitable[Any]) -> Any:
    # The body of an async function runs only now, in a task of its own.
    with _entered(call):
        return await answer
