"""Says which call of which node is running."""

from __future__ import annotations

from typing import NamedTuple

from engine.compat.hosting.missing import unoffered
from engine.registry.running import current_context

__getattr__ = unoffered(__name__)


class ExecutionContext(NamedTuple):
    """The run, the node, and which of its calls (0 is the first)."""

    prompt_id: str
    node_id: str
    list_index: int | None


def get_executing_context() -> ExecutionContext | None:
    """Return what is running in this thread or task; None outside of pack nodes."""
    context = current_context()
    if context is None:
        return None
    return ExecutionContext(context.prompt_id, context.node_id, context.call_index)
