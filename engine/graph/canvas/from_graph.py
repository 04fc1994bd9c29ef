"""Lays an API graph out on the canvas (contract §1.6, "Loading an API prompt")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.graph.canvas.declarations import Declarations
from engine.graph.canvas.model import (
    CanvasGraph,
    CanvasInput,
    CanvasLink,
    CanvasNode,
    CanvasOutput,
    CanvasWorkflow,
)
from engine.graph.canvas.widgets import (
    NAMES_KEY,
    Layout,
    default_value,
    names_record,
    owns_widget,
    widget_slots,
)
from engine.graph.errors import GraphCycleError
from engine.graph.input_checks import DeclaredInput, plain_name
from engine.graph.model import Graph, Link, Node
from engine.graph.topology import execution_order
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec

_COLUMN, _GAP, _WIDTH, _ROW, _HEADER = 400, 40, 320, 24, 60  # pixels at zoom 1

_MOST_OUTPUTS = 256
"""Sockets drawn for a node of unknown type, whatever slot number a link claims."""


def graph_to_canvas(graph: Graph, registry: Registry) -> CanvasWorkflow:
    """Return a canvas workflow that converts back to the same graph.

    Widget values are stored by position and named (see `widgets.NAMES_KEY`). Seeds get the
    control "fixed", so a second run gives the same picture. Links from nodes that do not exist
    have no place on the canvas and are left out.
    """
    return _Builder(graph, registry).build()


class _Builder:
    """Numbers the links, then makes one canvas node after the other."""

    def __init__(self, graph: Graph, registry: Registry) -> None:
        self.graph, self.registry = graph, registry
        self.links: list[CanvasLink] = []
        self.outgoing: dict[tuple[str, int], list[int]] = {}
        self.incoming: dict[tuple[str, str], int] = {}
        self.output_count: dict[str, int] = {}
        self.declarations = Declarations(registry)

    def build(self) -> CanvasWorkflow:
        sockets = {node.id: self._input_sockets(node) for node in self.graph.values()}
        for node in self.graph.values():
            self._number_links(node, sockets[node.id])
        positions = _positions(self.graph, {n: len(self.graph[n].inputs) for n in self.graph})
        nodes = tuple(
            self._node(node, sockets[node.id], positions[node.id], order)
            for order, node in enumerate(self.graph.values())
        )
        last_node = max((node.id for node in nodes if isinstance(node.id, int)), default=0)
        counters = {"lastNodeId": last_node, "lastLinkId": len(self.links)}
        return CanvasWorkflow(CanvasGraph(nodes, tuple(self.links), counters=counters))

    def _spec(self, node: Node) -> NodeSpec | None:
        return self.registry.get(node.type)

    def _declared(self, node: Node) -> Sequence[DeclaredInput]:
        return self.declarations(node.type) or ()

    def _input_sockets(self, node: Node) -> list[CanvasInput]:
        """List sockets: those without a widget in their order, then linked widgets, then others."""
        declared = self._declared(node)
        plain: list[CanvasInput] = []
        widgets: list[CanvasInput] = []
        for item in declared:
            kind = plain_name(item.type)
            if owns_widget(item):
                if isinstance(node.inputs.get(item.name), Link):
                    widgets.append(CanvasInput(item.name, kind, widget={"name": item.name}))
            elif item.name not in node.inputs or isinstance(node.inputs[item.name], Link):
                shape = {} if item.required else {"shape": 7}
                plain.append(CanvasInput(item.name, kind, extra=shape))
        known = {item.name for item in declared}
        others = [CanvasInput(name) for name, _ in node.links() if name not in known]
        return plain + widgets + others

    def _number_links(self, node: Node, sockets: Sequence[CanvasInput]) -> None:
        for slot, socket in enumerate(sockets):
            link = node.inputs.get(socket.name)
            if isinstance(link, Link) and link.source in self.graph:
                link_id = len(self.links) + 1
                origin, target = _canvas_id(link.source), _canvas_id(node.id)
                kind = self._output_type(link)
                self.links.append(CanvasLink(link_id, origin, link.slot, target, slot, kind))
                self.outgoing.setdefault((link.source, link.slot), []).append(link_id)
                self.incoming[node.id, socket.name] = link_id
                count = self.output_count.get(link.source, 0)
                self.output_count[link.source] = max(count, link.slot + 1)

    def _output_type(self, link: Link) -> str:
        spec = self._spec(self.graph[link.source])
        if spec is None or not 0 <= link.slot < len(spec.outputs):
            return "*"
        return plain_name(spec.outputs[link.slot].type)

    def _node(
        self, node: Node, sockets: Sequence[CanvasInput], pos: tuple[int, int], order: int
    ) -> CanvasNode:
        values, names = self._widgets(node, sockets)
        size = [_WIDTH, _height(len(node.inputs))]
        version = self.registry.replacements.version_of(node.type) if self._spec(node) else 1
        return CanvasNode(
            id=_canvas_id(node.id),
            type=node.type,
            title=node.title,
            inputs=tuple(
                CanvasInput(
                    socket.name,
                    socket.type,
                    self.incoming.get((node.id, socket.name)),
                    socket.widget,
                    socket.extra,
                )
                for socket in sockets
            ),
            outputs=self._outputs(node),
            widgets_values=values,
            properties={"Node name for S&R": node.type, NAMES_KEY: names_record(names, version)},
            extra={"pos": list(pos), "size": size, "flags": {}, "order": order},
        )

    def _outputs(self, node: Node) -> tuple[CanvasOutput, ...]:
        spec = self._spec(node)
        if spec is not None:
            kinds = [(output.name, plain_name(output.type)) for output in spec.outputs]
        else:
            count = min(self.output_count.get(node.id, 0), _MOST_OUTPUTS)
            kinds = [("", "*")] * count
        return tuple(
            CanvasOutput(name, kind, tuple(self.outgoing.get((node.id, slot), ())))
            for slot, (name, kind) in enumerate(kinds)
        )

    def _widgets(
        self, node: Node, sockets: Sequence[CanvasInput]
    ) -> tuple[list[Any], list[str | None]]:
        """Return widget values in the canvas's order, and the input name of each."""
        declared = {item.name: item for item in self._declared(node)}
        values: list[Any] = []
        names: list[str | None] = []
        plain = {socket.name for socket in sockets if socket.widget is None}
        for slot in widget_slots(list(declared.values()), plain, Layout(menu_extras=0)):
            if slot.kind == "value":
                value = node.inputs.get(slot.name)
                missing = slot.name not in node.inputs or isinstance(value, Link)
                values.append(default_value(declared[slot.name]) if missing else value)
                names.append(slot.name)
            else:
                values.append("image" if slot.kind == "upload" else "fixed")
                names.append(None)
        for name, value in node.inputs.items():
            if name not in names and not isinstance(value, Link):
                values.append(value)
                names.append(name)
        return values, names


def _canvas_id(node_id: str) -> int | str:
    """Return an id as a number where that loses nothing, as the canvas numbers nodes."""
    is_number = node_id.isascii() and node_id.isdigit() and len(node_id) < 16
    return int(node_id) if is_number and str(int(node_id)) == node_id else node_id


def _height(rows: int) -> int:
    return _HEADER + _ROW * rows


def _positions(graph: Graph, rows: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Place nodes in columns: each right of all its inputs; circles stand in the first one."""
    try:
        order = execution_order(graph, graph)
    except GraphCycleError:
        order = list(graph)
    columns: dict[str, int] = {}
    heights: dict[int, int] = {}
    positions: dict[str, tuple[int, int]] = {}
    for node_id in order:
        column = 1 + max((columns.get(s, -1) for s in graph.sources[node_id]), default=-1)
        columns[node_id] = column
        top = heights.get(column, 0)
        positions[node_id] = (column * _COLUMN, top)
        heights[column] = top + _height(rows[node_id]) + _GAP
    return positions
