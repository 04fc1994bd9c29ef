"""Hypothesis strategies shared by all tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.graph.model import Graph, Link, Node

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
numbers = st.integers(-(2**64), 2**64) | st.floats(allow_nan=False)
scalars = st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8"), max_size=20)


def json_values(max_leaves: int = 12) -> st.SearchStrategy[Any]:
    """Any plain JSON value."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=max_leaves,
    )


@st.composite
def dags(draw: st.DrawFn, max_nodes: int = 12, type_id: str = "T") -> Graph:
    """Graphs without cycles, nodes listed in any order."""
    ids = draw(st.lists(names, unique=True, max_size=max_nodes))
    nodes = [
        Node(
            node_id,
            type_id,
            {
                f"x{index}": Link(source, draw(st.integers(0, 3)))
                for index, source in enumerate(
                    draw(st.lists(st.sampled_from(ids[:position]), max_size=3)) if position else ()
                )
            },
        )
        for position, node_id in enumerate(ids)
    ]
    return Graph(draw(st.permutations(nodes)))


def _api_nodes() -> st.SearchStrategy[dict[str, Any]]:
    link = st.tuples(names, st.integers(0, 9)).map(list)
    value = link | scalars | st.fixed_dictionaries({"__value__": json_values(4)}) | json_values(4)
    meta = st.fixed_dictionaries({"title": names}) | json_values(3)
    return st.fixed_dictionaries(
        {"inputs": st.dictionaries(names, value, max_size=4), "class_type": names},
        optional={"_meta": meta, "is_changed": json_values(3), "other": json_values(3)},
    )


def api_prompts(max_nodes: int = 6) -> st.SearchStrategy[dict[str, Any]]:
    """API prompts of any content: unknown types, dangling links, cycles."""
    return st.dictionaries(names, _api_nodes(), max_size=max_nodes)


_CANVAS_TYPES = (
    *("KSampler", "EmptyLatentImage", "LoadImage", "TextMix", "SaveImage"),
    *("Reroute", "PrimitiveNode", "Note", "Unknown", "sub-a", "sub-b"),
)


@st.composite
def _canvas_bodies(draw: st.DrawFn, inside: bool = False) -> dict[str, Any]:
    """Nodes with links between any of them, circles and dangling ends included."""
    count = draw(st.integers(0, 5))
    ends = [*range(count + 1), *([-10] if inside else [])]
    links: list[dict[str, Any]] = []

    def socket(node_id: int, slot: int) -> dict[str, Any]:
        link = None
        if draw(st.booleans()):
            link = len(links) + 1
            origin = {"origin_id": draw(st.sampled_from(ends)), "origin_slot": draw(slots)}
            target = {"target_id": node_id, "target_slot": slot}
            links.append({"id": link, **origin, **target, "type": "X"})
        name = draw(st.sampled_from(["model", "seed", "images", "width", "mode", "p0"]))
        widget = {"widget": {"name": name}} if draw(st.booleans()) else {}
        return {"name": name, "type": draw(types), "link": link, **widget}

    slots = st.integers(0, 2)
    types = st.sampled_from(["*", "MODEL", "INT", "IMAGE,MASK", 0, ["a", "b"]])
    nodes = [
        {
            "id": node_id,
            "type": draw(st.sampled_from(_CANVAS_TYPES)),
            "mode": draw(st.sampled_from([0, 0, 0, 2, 4])),
            "inputs": [socket(node_id, slot) for slot in range(draw(st.integers(0, 3)))],
            "outputs": [{"name": "o", "type": draw(types), "links": draw(st.none())}],
            "properties": draw(st.dictionaries(names, json_values(2), max_size=2)),
            "widgets_values": draw(st.none() | st.lists(json_values(2), max_size=7)),
            **draw(st.dictionaries(st.just("unknown"), json_values(2))),
        }
        for node_id in range(count)
    ]
    if inside:
        links += [
            {"id": 100 + slot, "origin_id": draw(st.sampled_from(ends)), "origin_slot": 0}
            | {"target_id": -20, "target_slot": slot, "type": "X"}
            for slot in range(draw(slots))
        ]
    return {"nodes": nodes, "links": links, "extra": draw(st.just({}) | st.just({"k": 1}))}


@st.composite
def canvas_workflows(draw: st.DrawFn) -> dict[str, Any]:
    """Canvas files of both schemas, well formed but of any meaning."""
    root = draw(_canvas_bodies())
    ports = [{"id": "0", "name": "p0", "type": "*"}]
    subgraphs = [
        {"id": name, "name": name, "inputs": ports, "outputs": ports}
        | draw(_canvas_bodies(inside=True))
        for name in draw(st.sampled_from([(), ("sub-a",), ("sub-a", "sub-b")]))
    ]
    point = {"id": 1, "pos": [0, 0], "linkIds": []}
    if draw(st.booleans()):
        arrays = [list(link.values()) for link in root["links"]]
        extensions = [{"id": link["id"], "parentId": 1} for link in root["links"][:1]]
        root["extra"] = {**root["extra"], "reroutes": [point], "linkExtensions": extensions}
        root = {**root, "links": arrays, "version": 0.4, "last_node_id": 9}
    else:
        root = {**root, "version": 1, "reroutes": [point], "state": {"lastGroupId": 2}}
    return {**root, "definitions": {"subgraphs": subgraphs}, "id": draw(names)}
