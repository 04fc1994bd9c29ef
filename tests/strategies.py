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
