"""Unfolds subgraph instances and group nodes into nested scopes with path ids (contract §1.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.errors import shorten
from engine.graph.canvas.declarations import Declarations
from engine.graph.canvas.group_nodes import group_definition
from engine.graph.canvas.model import (
    BYPASSED,
    INPUT_NODE,
    MUTED,
    OUTPUT_NODE,
    CanvasGraph,
    CanvasInput,
    CanvasLink,
    CanvasNode,
    CanvasWorkflow,
    Subgraph,
)
from engine.graph.canvas.widgets import owns_widget
from engine.graph.errors import Problem, WorkflowFormatError

MAX_NODES = 100_000
"""Nodes after unfolding: nested definitions could otherwise multiply without end."""


@dataclass(slots=True, eq=False)
class Scope:
    """The root graph or the body of one instance.

    Attributes:
        prefix: Start of its nodes' execution ids: "" or "57:12:".
        mode: Muted or bypassed, inherited from the instance; else 0.
        definition: What the instance shows; None at the root.
        links_out: The link that feeds each output of the instance, by port number.
        inner: Scopes of the instances in it, by node id.
        promoted: Values the instance holds for its unlinked inputs, by port number.
        overrides: Values the instance holds for widgets inside, by (node id, widget).
    """

    prefix: str
    nodes: dict[str, CanvasNode]
    links: dict[int, CanvasLink]
    mode: int = 0
    definition: Subgraph | None = None
    instance: CanvasNode | None = None
    parent: Scope | None = None
    links_out: dict[int, int] = field(default_factory=dict)
    inner: dict[str, Scope] = field(default_factory=dict)
    promoted: dict[int, Any] = field(default_factory=dict)
    overrides: dict[tuple[str, str], Any] = field(default_factory=dict)

    def mode_of(self, node: CanvasNode) -> int:
        """Return MUTED, BYPASSED or 0 for a node here."""
        return self.mode or (node.mode if node.mode in (MUTED, BYPASSED) else 0)

    def outer_input(self, slot: int) -> CanvasInput | None:
        """Return the instance's socket for port `slot`: by name, for saved slots move."""
        if self.instance is None or self.definition is None:
            return None
        if not 0 <= slot < len(self.definition.inputs):
            return None
        name = self.definition.inputs[slot].name
        by_name = (socket for socket in self.instance.inputs if socket.name == name)
        return next(by_name, None)

    def linked_nodes(self) -> set[str]:
        """Return the ids of the nodes here that a link leaves or reaches."""
        ends = ((link.origin_id, link.target_id) for link in self.links.values())
        return {str(node_id) for pair in ends for node_id in pair}

    def walk(self) -> Iterator[Scope]:
        """Iterate over this scope and all inside it."""
        waiting = [self]
        while waiting:
            scope = waiting.pop()
            yield scope
            waiting.extend(reversed(scope.inner.values()))


def unfold(workflow: CanvasWorkflow, declarations: Declarations) -> tuple[Scope, list[Problem]]:
    """Return the root scope with all instances unfolded, and what went wrong.

    Raises: WorkflowFormatError, when nesting yields more than MAX_NODES nodes.
    """
    unfolder = _Unfolder(workflow, declarations)
    root = unfolder.scope("", workflow.graph)
    waiting = [root]
    while waiting:
        scope = waiting.pop()
        for node_id, node in scope.nodes.items():
            inner = unfolder.instance(scope, node_id, node)
            if inner is not None:
                scope.inner[node_id] = inner
                waiting.append(inner)
    return root, unfolder.problems


class _Unfolder:
    """Makes scopes; keeps what went wrong and how many nodes there are."""

    def __init__(self, workflow: CanvasWorkflow, declarations: Declarations) -> None:
        self.declarations = declarations
        self.definitions = {subgraph.id: subgraph for subgraph in workflow.subgraphs}
        self.groups = workflow.graph.extra.get("groupNodes")
        self.problems: list[Problem] = []
        self.count = 0

    def report(self, code: str, message: str, exec_id: str) -> None:
        self.problems.append(Problem(code, message, exec_id))

    def scope(self, prefix: str, graph: CanvasGraph) -> Scope:
        self.count += len(graph.nodes)
        if self.count > MAX_NODES:
            raise WorkflowFormatError("workflow", f"subgraphs make more than {MAX_NODES} nodes")
        nodes: dict[str, CanvasNode] = {}
        for node in graph.nodes:
            if str(node.id) in nodes:
                message = "another node has the same id; only the first is used"
                self.report("duplicate_id", message, f"{prefix}{node.id}")
            nodes.setdefault(str(node.id), node)
        links_out = {k.target_slot: k.id for k in graph.links if k.target_id == OUTPUT_NODE}
        links = {link.id: link for link in graph.links}
        return Scope(prefix, nodes, links, links_out=links_out)

    def instance(self, scope: Scope, node_id: str, node: CanvasNode) -> Scope | None:
        """Return the scope of a subgraph instance or group node; None for other nodes."""
        exec_id = scope.prefix + node_id
        definition = self.definitions.get(node.type)
        group = None
        if definition is None:
            group = group_definition(node, self.groups, self.declarations)
            if group is None:
                return None
            definition = group.definition
        if _contains_itself(scope, definition):
            message = f"subgraph {shorten(definition.name)} contains itself"
            self.report("nested_in_itself", message, exec_id)
            return None
        inner = self.scope(f"{exec_id}:", definition.graph)
        inner.mode, inner.parent = scope.mode_of(node), scope
        inner.definition, inner.instance = definition, node
        if group is None:
            unplaced = _read_instance_values(inner, self._promoted_ports(inner))
        else:
            inner.overrides, unplaced = group.values, group.unplaced
        _take_overrides(scope, node_id, inner)
        if unplaced:
            message = f"its {unplaced} widget values fit no widget inside; those inside are used"
            self.report("unplaced_values", message, exec_id)
        return inner

    def _promoted_ports(self, scope: Scope) -> list[int]:
        """List the ports of a scope that lead to a widget."""
        ports = {k.id: k.origin_slot for k in scope.links.values() if k.origin_id == INPUT_NODE}
        promoted: set[int] = set()
        for node in scope.nodes.values():
            is_instance = node.type in self.definitions
            declared = () if is_instance else self.declarations(node.type) or ()
            widgets = {item.name for item in declared if owns_widget(item)}
            promoted.update(
                ports[socket.link]
                for socket in node.inputs
                if socket.link in ports and (socket.widget is not None or socket.name in widgets)
            )
        return sorted(promoted)


def _contains_itself(scope: Scope | None, definition: Subgraph) -> bool:
    while scope is not None:
        if scope.definition is not None and scope.definition.id == definition.id:
            return True
        scope = scope.parent
    return False


def _read_instance_values(scope: Scope, ports: list[int]) -> int:
    """Take what an instance stores for promoted inputs; return how many values fit nowhere."""
    if scope.instance is None or scope.definition is None:
        return 0
    stored = scope.instance.widgets_values
    inputs = scope.definition.inputs
    by_name = {inputs[port].name: port for port in ports if 0 <= port < len(inputs)}
    if isinstance(stored, dict):
        scope.promoted = {port: stored[n] for n, port in by_name.items() if n in stored}
        return 0
    if not isinstance(stored, list):
        return 0
    proxies = _proxy_widgets(scope.instance)
    if proxies and len(proxies) == len(stored):
        for (inner_id, widget), value in zip(proxies, stored, strict=True):
            if value is None:
                continue  # the inner node holds it
            if inner_id != "-1":
                scope.overrides[inner_id, widget] = value
            elif widget in by_name:
                scope.promoted[by_name[widget]] = value
        return 0
    if len(by_name) == len(stored):
        scope.promoted = dict(zip(by_name.values(), stored, strict=True))
        return 0
    return len(stored)


def _take_overrides(scope: Scope, node_id: str, inner: Scope) -> None:
    """Hand values that an outer instance holds for a nested one on to that one."""
    if inner.instance is None or inner.definition is None:
        return
    ports = {port.name: index for index, port in enumerate(inner.definition.inputs)}
    proxies = _proxy_widgets(inner.instance)
    for (target, widget), value in scope.overrides.items():
        if target != node_id:
            continue
        if widget in ports:
            inner.promoted[ports[widget]] = value
        inner.overrides.update((pair, value) for pair in proxies if pair[1] == widget)


def _proxy_widgets(instance: CanvasNode) -> list[tuple[str, str]]:
    """Return `properties.proxyWidgets`: (inner node id, widget name), list or JSON text."""
    stored = instance.properties.get("proxyWidgets")
    if isinstance(stored, str):
        try:
            stored = json.loads(stored)
        except ValueError:
            return []
    if not isinstance(stored, list):
        return []
    pairs = [pair for pair in stored if isinstance(pair, list) and len(pair) >= 2]
    return [(str(pair[0]), str(pair[1])) for pair in pairs]
