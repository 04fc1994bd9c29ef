"""The API format: {"<id>": {"class_type": …, "inputs": …, "_meta": {"title": …}}}.

Links and literals share one place in this format. A list `[text, number]` is a link; any other
literal list travels as `{"__value__": […]}`. After parsing the two are apart (`Link`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import shorten
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import check_json
from engine.graph.model import BareList, Graph, Link, Node

_WRAPPER = "__value__"


def parse_api(data: object, where: str = "API prompt") -> Graph:
    """Read a graph from a decoded API prompt.

    Keys of a node that are not known here are kept in `Node.extra`.

    Raises: WorkflowFormatError, naming the node at fault.
    """
    check_json(data, where)
    if not isinstance(data, dict):
        raise WorkflowFormatError(where, f"expected an object of nodes by id, got {shorten(data)}")
    return Graph(parse_node(node_id, entry, where) for node_id, entry in data.items())


def write_api(graph: Graph) -> dict[str, Any]:
    """Return the API prompt of a graph; `parse_api` reads an equal graph back."""
    return {node.id: _write_node(node) for node in graph.values()}


def parse_node(node_id: str, entry: Any, where: str = "API prompt") -> Node:
    """Read one node. Its literals may be any values: nodes that expand pass tensors on.

    Raises: WorkflowFormatError.
    """
    if not isinstance(entry, dict):
        raise WorkflowFormatError(where, f"expected an object, got {shorten(entry)}", node_id)
    class_type = entry.get("class_type")
    if not isinstance(class_type, str):
        problem = '"class_type" is missing' if class_type is None else '"class_type" is no text'
        raise WorkflowFormatError(where, f"{problem}; it names the node's type", node_id)
    inputs = entry.get("inputs", {})
    if not isinstance(inputs, dict):
        raise WorkflowFormatError(
            where, f'"inputs" must be an object, got {shorten(inputs)}', node_id
        )
    values = {name: parse_value(value) for name, value in inputs.items()}
    extra = {k: v for k, v in entry.items() if k not in ("class_type", "inputs", "_meta")}
    title = None
    if "_meta" in entry:
        title, rest = _split_meta(entry["_meta"])
        if rest is not None:
            extra["_meta"] = rest
    return Node(node_id, class_type, values, title, extra)


def _split_meta(meta: Any) -> tuple[str | None, Any]:
    """Return the title and what else `_meta` holds; None when it holds no more."""
    if isinstance(meta, dict) and isinstance(meta.get("title"), str):
        return meta["title"], {k: v for k, v in meta.items() if k != "title"} or None
    return None, meta


def parse_value(value: Any) -> Any:
    """Return the `Link` or literal that an entry of "inputs" stands for."""
    if isinstance(value, list):
        return _parse_link(value) or BareList(value)
    if isinstance(value, dict) and _WRAPPER in value:
        return value[_WRAPPER]
    return value


def write_value(value: Any) -> Any:
    """Return the entry of "inputs" for a `Link` or literal."""
    if isinstance(value, Link):
        return [value.source, value.slot]
    if isinstance(value, BareList):
        return list(value)
    if isinstance(value, list) or (isinstance(value, dict) and _WRAPPER in value):
        return {_WRAPPER: value}
    return value


def _parse_link(value: list[Any]) -> Link | None:
    if len(value) != 2 or not isinstance(value[0], str):
        return None
    source, slot = value
    if isinstance(slot, bool) or not isinstance(slot, int | float):
        return None
    if isinstance(slot, float):
        if not slot.is_integer():
            return None
        slot = int(slot)
    return Link(source, slot)


def _write_node(node: Node) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "inputs": {name: write_value(value) for name, value in node.inputs.items()},
        "class_type": node.type,
    }
    rest = node.extra.get("_meta")
    if node.title is not None:
        entry["_meta"] = {"title": node.title, **(rest if isinstance(rest, Mapping) else {})}
    elif "_meta" in node.extra:
        entry["_meta"] = rest
    entry.update((key, value) for key, value in node.extra.items() if key != "_meta")
    return entry
