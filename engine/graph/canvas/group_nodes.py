"""Turns legacy group nodes into subgraph definitions (contract §1.5).

A group node's sockets are those of its inner nodes that no inner link uses, in the order of the
inner nodes; a name that is taken gets the inner node's title in front. Its widgets follow the
same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import shorten
from engine.graph.canvas.declarations import Declarations
from engine.graph.canvas.model import (
    INPUT_NODE,
    OUTPUT_NODE,
    CanvasGraph,
    CanvasInput,
    CanvasLink,
    CanvasNode,
    Subgraph,
    SubgraphPort,
)
from engine.graph.canvas.read import parse_canvas
from engine.graph.canvas.widgets import Layout, WidgetSlot, widget_slots
from engine.graph.errors import WorkflowFormatError

_PREFIXES = ("workflow>", "workflow/")


@dataclass(frozen=True, slots=True)
class GroupDefinition:
    """A group node as a subgraph.

    Attributes:
        values: What it stores for widgets inside, by (inner node id, widget).
        unplaced: How many stored values fit no widget.
    """

    definition: Subgraph
    values: dict[tuple[str, str], Any]
    unplaced: int


def group_definition(
    node: CanvasNode,
    groups: object,
    declarations: Declarations,
) -> GroupDefinition | None:
    """Return a group node as a subgraph, or None when the node is none or its body is missing.

    Args:
        groups: `extra.groupNodes` of the workflow.
    """
    prefix = next((p for p in _PREFIXES if node.type.startswith(p)), None)
    body = (
        groups.get(node.type.removeprefix(prefix)) if prefix and isinstance(groups, dict) else None
    )
    if not isinstance(body, dict):
        return None
    return _Builder(node, body, declarations).build()


class _Builder:
    """Collects the links of one group node's body."""

    def __init__(
        self,
        node: CanvasNode,
        body: Mapping[str, Any],
        declarations: Declarations,
    ) -> None:
        self.node = node
        self.declarations = declarations
        self.config = body.get("config")
        where = f"group node {node.type!r}"
        numbered = [
            {**entry, "id": index} if isinstance(entry, dict) else entry
            for index, entry in enumerate(_list(body, "nodes", where))
        ]
        self.inner = [_unlinked(n) for n in parse_canvas({"nodes": numbered}, where).graph.nodes]
        self.links: list[CanvasLink] = []
        self.external = {
            (_index(entry[0]), _index(entry[1]))
            for entry in _list(body, "external", where)
            if isinstance(entry, list) and len(entry) >= 2
        }
        for entry in _list(body, "links", where):
            if not isinstance(entry, list) or len(entry) < 4:
                raise WorkflowFormatError(where, "a link of its body is malformed")
            self._connect_inside(*entry[:4])

    def build(self) -> GroupDefinition:
        values, unplaced = self._values()
        outputs = self._connect_outputs()
        inputs = self._connect_inputs()
        graph = CanvasGraph(nodes=tuple(self.inner), links=tuple(self.links))
        definition = Subgraph(self.node.type, self.node.type, graph, inputs, outputs)
        return GroupDefinition(definition, values, unplaced)

    def _add_link(self, origin: int, slot: int, target: int, target_slot: int) -> int:
        link_id = len(self.links) + 1
        self.links.append(CanvasLink(link_id, origin, slot, target, target_slot))
        return link_id

    def _connect_inside(self, origin: Any, slot: Any, target: Any, target_slot: Any) -> None:
        count = len(self.inner)
        if not all(isinstance(i, int) and 0 <= i < count for i in (origin, target)):
            return  # the other end was outside of the group when it was made
        if isinstance(slot, int) and isinstance(target_slot, int):
            inputs = self.inner[target].inputs
            if 0 <= target_slot < len(inputs):
                link_id = self._add_link(origin, slot, target, target_slot)
                self._link_input(target, inputs[target_slot].name, link_id)

    def _link_input(self, index: int, name: str, link_id: int) -> None:
        node = self.inner[index]
        if all(socket.name != name for socket in node.inputs):
            node = replace(node, inputs=(*node.inputs, CanvasInput(name, widget={"name": name})))
        inputs = tuple(
            replace(socket, link=link_id) if socket.name == name else socket
            for socket in node.inputs
        )
        self.inner[index] = replace(node, inputs=inputs)

    def _connect_outputs(self) -> tuple[SubgraphPort, ...]:
        used = {(link.origin_id, link.origin_slot) for link in self.links}
        ports: list[SubgraphPort] = []
        for index, node in enumerate(self.inner):
            for slot, output in enumerate(node.outputs):
                hidden = (index, slot) in used and (index, slot) not in self.external
                if not hidden and self._visible(index, "output", str(slot)):
                    self._add_link(index, slot, OUTPUT_NODE, len(ports))
                    ports.append(SubgraphPort(output.name, output.type))
        return tuple(ports)

    def _connect_inputs(self) -> tuple[SubgraphPort, ...]:
        free = [
            (index, name) for index in range(len(self.inner)) for name in self._input_names(index)
        ]
        for port, socket in enumerate(self.node.inputs):
            found = next((f for f in free if self._shows(socket.name, *f)), None)
            if found is not None:
                free.remove(found)
                index, name = found
                self._link_input(index, name, self._add_link(INPUT_NODE, port, index, 0))
        return tuple(SubgraphPort(socket.name, socket.type) for socket in self.node.inputs)

    def _input_names(self, index: int) -> list[str]:
        """List an inner node's inputs that no inner link feeds, sockets before widgets."""
        node = self.inner[index]
        names = [socket.name for socket in node.inputs if socket.link is None]
        present = {socket.name for socket in node.inputs}
        declared = self.declarations(node.type) or ()
        return names + [item.name for item in declared if item.name not in present]

    def _shows(self, outer: str, index: int, name: str) -> bool:
        """Tell whether the group's input `outer` is input `name` of an inner node."""
        node = self.inner[index]
        prefixed = outer.startswith(f"{node.title or node.type} ") and outer.endswith(f" {name}")
        return prefixed or outer in (name, self._setting(index, "input", name).get("name"))

    def _setting(self, index: int, kind: str, name: str) -> Mapping[str, Any]:
        found: Any = self.config
        for key in (str(index), kind, name):
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _visible(self, index: int, kind: str, name: str) -> bool:
        return self._setting(index, kind, name).get("visible") is not False

    def _values(self) -> tuple[dict[tuple[str, str], Any], int]:
        stored = self.node.widgets_values
        slots = list(self._widget_slots())
        if not isinstance(stored, list):
            return {}, 0
        if len(slots) != len(stored):
            return {}, len(stored)
        placed = {
            (str(index), slot.name): value
            for (index, slot), value in zip(slots, stored, strict=True)
            if slot.kind == "value" and value is not None
        }
        return placed, 0

    def _widget_slots(self) -> Iterator[tuple[int, WidgetSlot]]:
        for index, node in enumerate(self.inner):
            linked = {socket.name for socket in node.inputs if socket.link is not None}
            sockets = {socket.name for socket in node.inputs if socket.widget is None}
            for slot in widget_slots(self.declarations(node.type) or (), sockets, Layout()):
                if slot.name not in linked and self._visible(index, "input", slot.name):
                    yield index, slot


def _list(body: Mapping[str, Any], key: str, where: str) -> list[Any]:
    entries = body.get(key) or []
    if not isinstance(entries, list):
        raise WorkflowFormatError(where, f'"{key}" must be a list, got {shorten(entries)}')
    return entries


def _index(entry: Any) -> int | None:
    """Return a node's place in the body; some files hold the whole node instead of it."""
    index = entry.get("index") if isinstance(entry, dict) else entry
    return index if isinstance(index, int) else None


def _unlinked(node: CanvasNode) -> CanvasNode:
    """Return a node without links: those it was saved with lie outside of the body."""
    return replace(node, inputs=tuple(replace(socket, link=None) for socket in node.inputs))
