"""Turns nodes of types or forms that are gone into those of today, before a canvas is converted.

The editor does the same on opening a file (`web/src/core/migrations.js`); a fixture that both are
tested with keeps them equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.errors import shorten
from engine.graph.canvas.model import CanvasGraph, CanvasInput, CanvasNode, CanvasWorkflow
from engine.graph.canvas.widgets import NAMES_KEY, stored_names
from engine.graph.errors import Problem
from engine.registry.registry import Registry
from engine.registry.replacements import NodeReplacement

_CONTROL = "control_after_generate"


def replace_nodes(
    workflow: CanvasWorkflow, registry: Registry
) -> tuple[CanvasWorkflow, list[Problem]]:
    """Return a workflow with all replacements made that lead to a known type, and what they were.

    What a replacement does not mention keeps its name; what the new type does not know is kept as
    such values and sockets always are.
    """
    known = {*registry, *(subgraph.id for subgraph in workflow.subgraphs)}
    problems: list[Problem] = []

    def changed(graph: CanvasGraph, *, is_root: bool) -> CanvasGraph:
        steps = {
            str(node.id): found
            for node in graph.nodes
            if (found := registry.replacements.steps(node.type, _version(node), known))
        }
        if not steps:
            return graph
        for node_id, found in steps.items():
            problems.append(_told(found, node_id if is_root else None))
        return _in_graph(graph, steps, registry)

    root = changed(workflow.graph, is_root=True)
    subgraphs = tuple(
        replace(subgraph, graph=changed(subgraph.graph, is_root=False))
        for subgraph in workflow.subgraphs
    )
    return replace(workflow, graph=root, subgraphs=subgraphs), problems


def _version(node: CanvasNode) -> int:
    """Return the version of its type that a node was saved with; files of others say none."""
    record = node.properties.get(NAMES_KEY)
    version = record.get("version") if isinstance(record, Mapping) else None
    return version if type(version) is int else 1


def _told(steps: Sequence[NodeReplacement], node_id: str | None) -> Problem:
    old, new = steps[0].old_type, steps[-1].new_type
    if old == new:
        message = f"its inputs are those of version {steps[-1].before_version} of {new} now"
    else:
        message = f"its type {shorten(old)} was replaced by {shorten(new)}"
    return Problem("node_replaced", message, node_id)


def _in_graph(
    graph: CanvasGraph, steps: Mapping[str, Sequence[NodeReplacement]], registry: Registry
) -> CanvasGraph:
    nodes = list(graph.nodes)
    moves: dict[tuple[str, int], int] = {}
    used: dict[str, set[int]] = {}
    for link in graph.links:
        used.setdefault(str(link.origin_id), set()).add(link.origin_slot)
    for index, node in enumerate(nodes):
        node_id = str(node.id)
        slots = used.get(node_id, set()) | set(range(len(node.outputs)))
        at = {slot: slot for slot in slots}
        for step in steps.get(node_id, ()):
            node = _in_node(node, step)
            moved = _output_moves(set(at.values()), step.outputs)
            at = {slot: moved[now] for slot, now in at.items()}
        if node_id in steps:
            version = registry.replacements.version_of(node.type)
            nodes[index] = _with_record(node, {"version": version} if version > 1 else {})
            nodes[index] = replace(nodes[index], outputs=_moved_outputs(node, at))
            moves.update(((node_id, old), new) for old, new in at.items())
    links = tuple(
        replace(
            link, origin_slot=moves.get((str(link.origin_id), link.origin_slot), link.origin_slot)
        )
        for link in graph.links
    )
    return replace(graph, nodes=tuple(nodes), links=links)


def _output_moves(slots: set[int], mapping: Mapping[int, int]) -> dict[int, int]:
    """Return new output numbers by old ones; one that lost its place goes behind all others."""
    taken = {mapping[slot] for slot in slots if slot in mapping}
    free = max([*taken, *slots, -1]) + 1
    moves: dict[int, int] = {}
    for slot in sorted(slots):
        if slot in mapping:
            moves[slot] = mapping[slot]
        elif slot not in taken:
            moves[slot] = slot
        else:
            moves[slot], free = free, free + 1
    return moves


def _moved_outputs(node: CanvasNode, at: Mapping[int, int]) -> Any:
    """Return the sockets as far as they keep their number; the type tells the others."""
    stays = all(old == new for old, new in at.items())
    return node.outputs if stays else ()


def _in_node(node: CanvasNode, step: NodeReplacement) -> CanvasNode:
    named = stored_names(node)
    if named is None and step.widgets and isinstance(node.widgets_values, list):
        count = len(node.widgets_values)
        told = [None if name == _CONTROL else name for name in step.widgets]
        named = [*told, *[None] * count][:count]
    record: dict[str, Any] = {}
    if named is not None:
        record["widgets"] = [step.inputs.get(n, n) if n is not None else None for n in named]
    before = node.properties.get(NAMES_KEY)
    held = before.get("values") if isinstance(before, Mapping) else None
    kept = held if isinstance(held, Mapping) else {}
    values = {**{step.inputs.get(n, n): value for n, value in kept.items()}, **step.values}
    if values:
        record["values"] = values
    stored = node.widgets_values
    if isinstance(stored, dict):
        stored = {step.inputs.get(name, name): value for name, value in stored.items()}
    inputs = tuple(_renamed(socket, step.inputs) for socket in node.inputs)
    changed = replace(node, type=step.new_type, inputs=inputs, widgets_values=stored)
    return _with_record(changed, record)


def _renamed(socket: CanvasInput, names: Mapping[str, str]) -> CanvasInput:
    widget = socket.widget
    if widget is not None and isinstance(widget.get("name"), str):
        widget = {**widget, "name": names.get(widget["name"], widget["name"])}
    return replace(socket, name=names.get(socket.name, socket.name), widget=widget)


def _with_record(node: CanvasNode, record: Mapping[str, Any]) -> CanvasNode:
    if not record:
        return node
    before = node.properties.get(NAMES_KEY)
    kept = before if isinstance(before, Mapping) else {}
    return replace(node, properties={**node.properties, NAMES_KEY: {**kept, **record}})
