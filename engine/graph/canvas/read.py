"""Reads canvas files of schema 0.4 and 1 into `CanvasWorkflow`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.errors import shorten
from engine.graph.canvas.model import (
    CanvasGraph,
    CanvasInput,
    CanvasLink,
    CanvasNode,
    CanvasOutput,
    CanvasWorkflow,
    Subgraph,
    SubgraphPort,
)
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import check_json

_LINK_KEYS = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type", "parentId")
_NODE_KEYS = (
    *("id", "type", "mode", "title", "inputs", "outputs", "widgets_values", "properties"),
)
_GRAPH_KEYS = (
    *("nodes", "links", "floatingLinks", "groups", "reroutes", "state", "extra"),
    *("last_node_id", "last_link_id", "version", "definitions"),
)
_PORT_KEYS = ("inputs", "outputs", "name")


def parse_canvas(data: object, where: str = "workflow") -> CanvasWorkflow:
    """Read a decoded canvas file. Node types need not be known.

    Raises: WorkflowFormatError, saying which node or link is malformed.
    """
    check_json(data, where)
    reader = _Reader(where)
    root = reader.mapping(data, "the workflow")
    if "nodes" not in root:
        raise reader.error('"nodes" is missing, so this is no canvas workflow')
    version = root.get("version", 0.4)
    if isinstance(version, bool) or not isinstance(version, int | float):
        raise reader.error(f'"version" must be a number, got {shorten(version)}')
    definitions = reader.mapping(root.get("definitions") or {}, '"definitions"')
    subgraphs = reader.sequence(definitions.get("subgraphs"), '"subgraphs"')
    return CanvasWorkflow(
        graph=reader.graph(root, _GRAPH_KEYS),
        subgraphs=tuple(reader.subgraph(entry) for entry in subgraphs),
        version=version,
        definitions={k: v for k, v in definitions.items() if k != "subgraphs"},
    )


class _Reader:
    """Parsers of the parts; they share the name of the file for messages."""

    def __init__(self, where: str) -> None:
        self.where = where

    def error(self, problem: str, node_id: str | None = None) -> WorkflowFormatError:
        return WorkflowFormatError(self.where, problem, node_id)

    def mapping(self, value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"{name} must be an object, got {shorten(value)}")
        return value

    def sequence(self, value: Any, name: str) -> list[Any]:
        """Return a list; None counts as empty, and empty places in lists are left out."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(f"{name} must be a list, got {shorten(value)}")
        return [item for item in value if item is not None]

    def integer(self, value: Any, name: str) -> int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(f"{name} must be a whole number, got {shorten(value)}")
        return value

    def identifier(self, value: Any, name: str) -> int | str:
        return value if isinstance(value, str) else self.integer(value, name)

    def text(self, value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise self.error(f"{name} must be text, got {shorten(value)}")
        return value

    def graph(self, entry: dict[str, Any], known: Iterable[str]) -> CanvasGraph:
        extra = dict(self.mapping(entry.get("extra") or {}, '"extra"'))
        reroutes = self.sequence(entry.get("reroutes"), '"reroutes"')
        reroutes += self.sequence(extra.pop("reroutes", None), '"extra.reroutes"')
        extensions = self.sequence(extra.pop("linkExtensions", None), '"linkExtensions"')
        extended = {e["id"]: e for e in extensions if _has_id(e)}
        nodes = tuple(self.node(e) for e in self.sequence(entry["nodes"], '"nodes"'))
        links = self.sequence(entry.get("links"), '"links"')
        floating = self.sequence(entry.get("floatingLinks"), '"floatingLinks"')
        groups = self.sequence(entry.get("groups"), '"groups"')
        parsed_links = tuple(self.link(link, extended) for link in links)
        return CanvasGraph(
            nodes=nodes,
            links=parsed_links,
            floating_links=tuple(self.link(link, {}) for link in floating),
            groups=tuple(self.mapping(group, "a group") for group in groups),
            reroutes=tuple(self.mapping(reroute, "a reroute point") for reroute in reroutes),
            counters=self.counters(entry, nodes, parsed_links),
            extra=extra,
            other=_rest(entry, known),
        )

    def counters(
        self,
        entry: dict[str, Any],
        nodes: tuple[CanvasNode, ...],
        links: tuple[CanvasLink, ...],
    ) -> dict[str, Any]:
        """Return the last ids given out; those the file does not state are the largest used."""
        node_ids = [node.id for node in nodes if isinstance(node.id, int)]
        counters = {
            "lastNodeId": max(node_ids, default=0),
            "lastLinkId": max((link.id for link in links), default=0),
        }
        counters.update(self.mapping(entry.get("state") or {}, '"state"'))
        for old, new in (("last_node_id", "lastNodeId"), ("last_link_id", "lastLinkId")):
            if entry.get(old) is not None:
                counters[new] = entry[old]
        return counters

    def link(self, entry: Any, extended: dict[int, dict[str, Any]]) -> CanvasLink:
        """Read a link of either schema; `extended` adds keys that lists have no place for."""
        if isinstance(entry, list):
            entry = dict(zip(_LINK_KEYS, entry[:6], strict=False))
            if _has_id(entry):
                entry = {**extended.get(entry["id"], {}), **entry}
        entry = self.mapping(entry, "a link")
        link_id = self.integer(entry.get("id"), "the id of a link")
        name = f"link {link_id}"
        return CanvasLink(
            id=link_id,
            origin_id=self.identifier(entry.get("origin_id"), f"{name}: its source node"),
            origin_slot=self.integer(entry.get("origin_slot"), f"{name}: its output number"),
            target_id=self.identifier(entry.get("target_id"), f"{name}: its target node"),
            target_slot=self.integer(entry.get("target_slot"), f"{name}: its input number"),
            type=entry.get("type"),
            parent_id=entry.get("parentId"),
            extra=_rest(entry, _LINK_KEYS),
        )

    def node(self, entry: Any) -> CanvasNode:
        entry = self.mapping(entry, "a node")
        node_id = self.identifier(entry.get("id"), "the id of a node")
        name = f"node {shorten(node_id)}"
        title = entry.get("title")
        return CanvasNode(
            id=node_id,
            type=self.text(entry.get("type"), f"{name}: its type"),
            mode=self.integer(entry.get("mode") or 0, f"{name}: its mode"),
            title=None if title is None else self.text(title, f"{name}: its title"),
            inputs=tuple(
                self.input(e, name) for e in self.sequence(entry.get("inputs"), f"{name}: inputs")
            ),
            outputs=tuple(
                self.output(e, name)
                for e in self.sequence(entry.get("outputs"), f"{name}: outputs")
            ),
            widgets_values=entry.get("widgets_values"),
            properties=self.mapping(entry.get("properties") or {}, f"{name}: its properties"),
            extra=_rest(entry, _NODE_KEYS),
        )

    def input(self, entry: Any, node: str) -> CanvasInput:
        entry = self.mapping(entry, f"{node}: an input")
        name = self.text(entry.get("name", ""), f"{node}: the name of an input")
        link, widget = entry.get("link"), entry.get("widget")
        return CanvasInput(
            name=name,
            type=entry.get("type", "*"),
            link=None if link is None else self.integer(link, f"{node}, input {name!r}: its link"),
            widget=None if widget is None else self.mapping(widget, f"{node}: a widget"),
            extra=_rest(entry, ("name", "type", "link", "widget")),
        )

    def output(self, entry: Any, node: str) -> CanvasOutput:
        entry = self.mapping(entry, f"{node}: an output")
        links = entry.get("links")
        return CanvasOutput(
            name=self.text(entry.get("name", ""), f"{node}: the name of an output"),
            type=entry.get("type", "*"),
            links=None
            if links is None
            else tuple(
                self.integer(link, f"{node}: the link of an output")
                for link in self.sequence(links, f"{node}: the links of an output")
            ),
            extra=_rest(entry, ("name", "type", "links")),
        )

    def subgraph(self, entry: Any) -> Subgraph:
        entry = self.mapping(entry, "a subgraph")
        subgraph_id = self.text(entry.get("id"), "the id of a subgraph")
        name = f"subgraph {shorten(subgraph_id)}"
        if "nodes" not in entry:
            raise self.error(f'{name}: "nodes" is missing')
        return Subgraph(
            id=subgraph_id,
            name=self.text(entry.get("name", ""), f"{name}: its name"),
            graph=self.graph(entry, (*_GRAPH_KEYS[:7], *_PORT_KEYS, "id")),
            inputs=self.ports(entry, "inputs", name),
            outputs=self.ports(entry, "outputs", name),
        )

    def ports(self, entry: dict[str, Any], key: str, subgraph: str) -> tuple[SubgraphPort, ...]:
        ports = [self.mapping(p, f"{subgraph}: a port") for p in self.sequence(entry.get(key), key)]
        return tuple(
            SubgraphPort(
                name=self.text(port.get("name", ""), f"{subgraph}: the name of a port"),
                type=port.get("type", "*"),
                extra=_rest(port, ("name", "type")),
            )
            for port in ports
        )


def _rest(entry: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in known}


def _has_id(extension: Any) -> bool:
    return isinstance(extension, dict) and isinstance(extension.get("id"), int)
