"""Writes canvas files of schema 0.4 and 1."""

from __future__ import annotations

from typing import Any

from engine.graph.canvas.model import (
    CanvasGraph,
    CanvasLink,
    CanvasNode,
    CanvasWorkflow,
    Subgraph,
    SubgraphPort,
)


def write_canvas(workflow: CanvasWorkflow, version: float = 0.4) -> dict[str, Any]:
    """Return the JSON of a workflow; `parse_canvas` reads an equal one back, but for `version`.

    Args:
        version: Schema of the root, 0.4 or 1. Subgraphs are always written in schema 1.

    Raises: ValueError, for another version.
    """
    if version not in (0.4, 1):
        raise ValueError(f"canvas schema {version} cannot be written; 0.4 and 1 can")
    root = _write_graph_1(workflow.graph) if version == 1 else _write_graph_04(workflow.graph)
    if workflow.subgraphs or workflow.definitions:
        subgraphs = [_write_subgraph(subgraph) for subgraph in workflow.subgraphs]
        root["definitions"] = {"subgraphs": subgraphs, **workflow.definitions}
    root["version"] = version
    return root


def _write_graph_04(graph: CanvasGraph) -> dict[str, Any]:
    counters = dict(graph.counters)
    extra = dict(graph.extra)
    if graph.reroutes:
        extra["reroutes"] = [dict(reroute) for reroute in graph.reroutes]
    extensions = [
        {"id": link.id, "parentId": link.parent_id, **link.extra}
        for link in graph.links
        if link.parent_id is not None or link.extra
    ]
    if extensions:
        extra["linkExtensions"] = extensions
    root: dict[str, Any] = {
        **graph.other,
        "last_node_id": counters.pop("lastNodeId", 0),
        "last_link_id": counters.pop("lastLinkId", 0),
        "nodes": [_write_node(node) for node in graph.nodes],
        "links": [
            [
                *(link.id, link.origin_id, link.origin_slot),
                *(link.target_id, link.target_slot, link.type),
            ]
            for link in graph.links
        ],
        "groups": [dict(group) for group in graph.groups],
        "extra": extra,
    }
    if counters:
        root["state"] = counters
    if graph.floating_links:
        root["floatingLinks"] = [_write_link(link) for link in graph.floating_links]
    return root


def _write_graph_1(graph: CanvasGraph) -> dict[str, Any]:
    return {
        **graph.other,
        "state": dict(graph.counters),
        "nodes": [_write_node(node) for node in graph.nodes],
        "links": [_write_link(link) for link in graph.links],
        "floatingLinks": [_write_link(link) for link in graph.floating_links],
        "groups": [dict(group) for group in graph.groups],
        "reroutes": [dict(reroute) for reroute in graph.reroutes],
        "extra": dict(graph.extra),
    }


def _write_link(link: CanvasLink) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": link.id,
        "origin_id": link.origin_id,
        "origin_slot": link.origin_slot,
        "target_id": link.target_id,
        "target_slot": link.target_slot,
        "type": link.type,
        **link.extra,
    }
    if link.parent_id is not None:
        entry["parentId"] = link.parent_id
    return entry


def _write_node(node: CanvasNode) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": node.id, "type": node.type, **node.extra, "mode": node.mode}
    if node.title is not None:
        entry["title"] = node.title
    entry["inputs"] = [
        {"name": socket.name, "type": socket.type, "link": socket.link}
        | ({} if socket.widget is None else {"widget": dict(socket.widget)})
        | dict(socket.extra)
        for socket in node.inputs
    ]
    entry["outputs"] = [
        {
            "name": socket.name,
            "type": socket.type,
            "links": None if socket.links is None else list(socket.links),
            **socket.extra,
        }
        for socket in node.outputs
    ]
    entry["properties"] = dict(node.properties)
    if node.widgets_values is not None:
        entry["widgets_values"] = node.widgets_values
    return entry


def _write_subgraph(subgraph: Subgraph) -> dict[str, Any]:
    return {
        "id": subgraph.id,
        "name": subgraph.name,
        "inputs": [_write_port(port) for port in subgraph.inputs],
        "outputs": [_write_port(port) for port in subgraph.outputs],
        **_write_graph_1(subgraph.graph),
    }


def _write_port(port: SubgraphPort) -> dict[str, Any]:
    return {"name": port.name, "type": port.type, **port.extra}
