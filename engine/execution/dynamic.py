"""The graph as it is while it runs: the queued nodes, and those that nodes expanded into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.execution.errors import ExpansionError
from engine.execution.events import NodeIds
from engine.graph.api_format import parse_node
from engine.graph.errors import WorkflowFormatError
from engine.graph.model import BareList, Graph, Node, NodeId


class DynamicPrompt:
    """The queued prompt and its expansions; packs receive it as DYNPROMPT (contract §9).

    Queued nodes may name the node to show them on as made ones do ("override_display_id").
    Public methods speak prompt shape ("class_type", "inputs"); `nodes` holds the parsed nodes.
    """

    def __init__(self, original: Mapping[str, Any], graph: Graph) -> None:
        self.nodes: dict[NodeId, Node] = dict(graph)
        self._original = original
        self._made: dict[NodeId, Mapping[str, Any]] = {}
        self._parents: dict[NodeId, NodeId] = {}
        self._ids: dict[NodeId, NodeIds] = {}

    def add_expansion(self, parent: NodeId, expand: Mapping[str, Any]) -> list[NodeId]:
        """Add the nodes that `parent` expanded into and return their ids.

        Raises: ExpansionError, when an id is taken or a node is not in prompt shape.
        """
        parsed: list[tuple[Node, NodeId]] = []
        for node_id, raw in expand.items():
            if node_id in self.nodes:
                raise ExpansionError(
                    f'it expands into a node "{node_id}", but that id is taken. '
                    "Let GraphBuilder make the ids."
                )
            try:
                node = parse_node(node_id, raw, "expanded graph")
            except WorkflowFormatError as error:
                raise ExpansionError(str(error)) from error
            display = raw.get("override_display_id", parent)
            values = {n: list(v) if type(v) is BareList else v for n, v in node.inputs.items()}
            parsed.append((replace(node, inputs=values, extra={}), display))
        for node, display in parsed:
            self.nodes[node.id] = node
            self._made[node.id] = expand[node.id]
            self._parents[node.id] = parent
            shown = self.ids(display).display if display in self.nodes else display
            self._ids[node.id] = NodeIds(node.id, shown, parent, self.ids(parent).real)
        return [node.id for node, _ in parsed]

    def ids(self, node_id: NodeId) -> NodeIds:
        """Return where a node belongs."""
        found = self._ids.get(node_id)
        if found is None:
            node = self.nodes.get(node_id)
            display = node.extra.get("override_display_id") if node is not None else None
            shown = display if isinstance(display, str) else node_id
            found = self._ids[node_id] = NodeIds(node_id, shown, None, node_id)
        return found

    def get_node(self, node_id: NodeId) -> Mapping[str, Any]:
        """Return a node in prompt shape. Raises: KeyError."""
        if node_id in self._made:
            return self._made[node_id]
        if node_id in self._original:
            found: Mapping[str, Any] = self._original[node_id]
            return found
        raise KeyError(f'node "{node_id}" is not in the prompt')

    def has_node(self, node_id: NodeId) -> bool:
        """Tell whether a node is in the prompt or was made."""
        return node_id in self._made or node_id in self._original

    def get_parent_node_id(self, node_id: NodeId) -> NodeId | None:
        """Return the node that expanded into this one, or None for queued nodes."""
        return self._parents.get(node_id)

    def get_real_node_id(self, node_id: NodeId) -> NodeId:
        """Return the queued node that this one stems from."""
        return self.ids(node_id).real

    def get_display_node_id(self, node_id: NodeId) -> NodeId:
        """Return the node to highlight for this one."""
        return self.ids(node_id).display

    def all_node_ids(self) -> set[NodeId]:
        """Return the ids of all nodes, made ones included."""
        return {*self._original, *self._made}

    def get_original_prompt(self) -> Mapping[str, Any]:
        """Return the prompt as it was queued."""
        return self._original
