"""Changes values of a canvas workflow without redrawing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.graph.canvas.declarations import Declarations
from engine.graph.canvas.model import CanvasNode, CanvasWorkflow
from engine.graph.canvas.widgets import find_widgets
from engine.graph.model import Link, NodeId
from engine.registry.registry import Registry


def set_widget_values(
    workflow: CanvasWorkflow, changes: Mapping[NodeId, Mapping[str, Any]], registry: Registry
) -> CanvasWorkflow | None:
    """Return the workflow with other widget values, or None when one has no place on the canvas.

    Inputs that are links, or become links, have none; neither have nodes inside subgraphs, for
    other instances share them.

    Args:
        changes: New values by execution id and input name.
    """
    declarations = Declarations(registry)
    waiting = {node_id: values for node_id, values in changes.items() if values}
    nodes: list[CanvasNode] = []
    for node in workflow.graph.nodes:
        values = waiting.pop(str(node.id), None)
        changed = node if values is None else _set_values(node, values, declarations)
        if changed is None:
            return None
        nodes.append(changed)
    if waiting:
        return None
    return replace(workflow, graph=replace(workflow.graph, nodes=tuple(nodes)))


def _set_values(
    node: CanvasNode, values: Mapping[str, Any], declarations: Declarations
) -> CanvasNode | None:
    places = find_widgets(declarations(node.type), node).by_name
    linked = {socket.name for socket in node.inputs if socket.link is not None}
    for name, value in values.items():
        if name not in places or name in linked or isinstance(value, Link):
            return None
    stored = node.widgets_values.copy()
    for name, value in values.items():
        stored[places[name]] = value
    return replace(node, widgets_values=stored)
