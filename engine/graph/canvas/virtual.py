"""Nodes that exist on the canvas only: they never run, at most they pass a value on.

Beside the editor's own there are those of widespread packs. A pack may also bring a node that runs
under the same name, so these count only where the registry does not know the type.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from engine.graph.canvas.flatten import Scope
from engine.graph.canvas.model import CanvasInput, CanvasNode

PRIMITIVE = "PrimitiveNode"
SETTER = "SetNode"
GETTER = "GetNode"

_BUILT_IN = frozenset({"Reroute", PRIMITIVE, "Note", "MarkdownNote"})
_OF_PACKS = frozenset({SETTER, GETTER, "Reroute (rgthree)"})


def virtual_types(known: Container[str]) -> frozenset[str]:
    """Return the types of canvas-only nodes, given the node types that can run."""
    return _BUILT_IN | {name for name in _OF_PACKS if name not in known}


def held_value(node: CanvasNode) -> object:
    """Return the first widget value of a virtual node; None when it holds none."""
    stored = node.widgets_values
    return stored[0] if isinstance(stored, list) and stored else None


def named_input(scope: Scope, getter: CanvasNode) -> tuple[Scope, CanvasInput | None] | None:
    """Return what feeds the SetNode whose name a GetNode reads, and where that node stands.

    The nearest one counts: in the getter's own graph, then in those around it. None when there is
    no such node.
    """
    name = held_value(getter)
    for at in _outwards(scope):
        for node in at.nodes.values():
            if node.type == SETTER and held_value(node) == name:
                return at, node.inputs[0] if node.inputs else None
    return None


def _outwards(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent
