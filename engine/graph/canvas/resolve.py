"""Follows links through reroutes, primitives, bypassed nodes and subgraph borders."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.errors import shorten
from engine.graph.canvas.flatten import Scope
from engine.graph.canvas.model import BYPASSED, INPUT_NODE, MUTED, CanvasInput, CanvasNode
from engine.graph.canvas.virtual import GETTER, PRIMITIVE, held_value, named_input
from engine.graph.model import Link


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that a primitive or a promoted widget gives to an input.

    Attributes:
        substitute: Placeholders in it are filled as in a file name (a primitive's setting).
    """

    value: Any
    substitute: bool = False


Source: TypeAlias = Link | Literal | None
Report: TypeAlias = Callable[[str, str], None]
"""Called with the code and the message of a problem."""


def resolve_link(
    scope: Scope, link_id: int, wanted: Any, virtual: Container[str], report: Report
) -> Source:
    """Return what a link brings to an input of type `wanted`, or None when it brings nothing.

    A returned `Link` may name a muted node.

    Args:
        virtual: Types of nodes that exist on the canvas only.
    """
    promoted: Literal | None = None
    visited: set[tuple[str, int]] = set()
    at: tuple[Scope, int] | None = (scope, link_id)
    while at is not None:
        scope, link_id = at
        if (scope.prefix, link_id) in visited:
            report("circle", "its link leads back to itself through nodes that do not run")
            return promoted
        visited.add((scope.prefix, link_id))
        link = scope.links.get(link_id)
        if link is None:
            report("missing_link", f"link {link_id} does not exist")
            return promoted
        if link.origin_id == INPUT_NODE and scope.parent is not None:
            if link.origin_slot in scope.promoted:
                promoted = Literal(scope.promoted[link.origin_slot])
            socket = scope.outer_input(link.origin_slot)
            at = _step(scope.parent, socket)
            continue
        node_id = str(link.origin_id)
        node = scope.nodes.get(node_id)
        if node is None:
            report("missing_link", f"its link comes from node {node_id}, which does not exist")
            return promoted
        if node.type in virtual and node.type != PRIMITIVE:
            at = _pass_through(scope, node, link.origin_slot, report)
            continue
        found = _leave(scope, node_id, node, link.origin_slot, wanted)
        if isinstance(found, Link | Literal):
            return found
        at = found
    return promoted


def _leave(
    scope: Scope, node_id: str, node: CanvasNode, slot: int, wanted: Any
) -> Link | Literal | tuple[Scope, int] | None:
    """Return what output `slot` of a node is: a source, the next link to follow, or nothing."""
    if node.type == PRIMITIVE:
        return _primitive(scope, node_id, node)
    mode = scope.mode_of(node)
    if mode == BYPASSED:
        return _step(scope, _bypass(node, slot, wanted))
    inner = scope.inner.get(node_id)
    if inner is not None and mode != MUTED:
        link_id = inner.links_out.get(slot)
        return None if link_id is None else (inner, link_id)
    return Link(scope.prefix + node_id, slot)


def _pass_through(
    scope: Scope, node: CanvasNode, slot: int, report: Report
) -> tuple[Scope, int] | None:
    """Return the link that a virtual node's output passes on."""
    if node.type != GETTER:
        return _step(scope, _socket(node, slot))
    found = named_input(scope, node)
    if found is None:
        name = shorten(held_value(node))
        report("missing_name", f"its link reads the name {name}, which no SetNode stores")
        return None
    return _step(*found)


def _socket(node: CanvasNode, slot: int) -> CanvasInput | None:
    return node.inputs[slot] if 0 <= slot < len(node.inputs) else None


def _step(scope: Scope, socket: CanvasInput | None) -> tuple[Scope, int] | None:
    return None if socket is None or socket.link is None else (scope, socket.link)


def _primitive(scope: Scope, node_id: str, node: CanvasNode) -> Literal | None:
    substitute = bool(node.properties.get("Run widget replace on values"))
    if (node_id, "value") in scope.overrides:
        return Literal(scope.overrides[node_id, "value"], substitute)
    value = held_value(node)
    return None if value is None else Literal(value, substitute)


def _bypass(node: CanvasNode, slot: int, wanted: Any) -> CanvasInput | None:
    """Return the input that a bypassed node's output passes on (contract §1.6, step 5)."""
    inputs: Sequence[CanvasInput] = node.inputs
    if not inputs:
        return None
    same = _socket(node, slot)
    if _is_any(wanted):
        return same or inputs[0]
    given = node.outputs[slot].type if 0 <= slot < len(node.outputs) else wanted
    if same and compatible(same.type, given) and compatible(same.type, wanted):
        return same
    equal = (socket for socket in inputs if socket.type == wanted)
    fitting = (socket for socket in inputs if compatible(socket.type, wanted))
    return next(equal, None) or next(fitting, None)


def compatible(one: Any, other: Any) -> bool:
    """Tell whether two socket types connect on the canvas, which is laxer than the engine."""
    if _is_any(one) or _is_any(other):
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return bool(one == other)
    parts = [{part.strip().lower() for part in kind.split(",")} for kind in (one, other)]
    return not parts[0].isdisjoint(parts[1])


def _is_any(kind: Any) -> bool:
    return kind in ("*", "", 0, None)
