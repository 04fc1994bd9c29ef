from __future__ import annotations

import json
from typing import Any

import pytest

from engine.graph.canvas import canvas_to_graph, parse_canvas, set_widget_values, write_canvas
from engine.graph.canvas.model import CanvasWorkflow
from engine.graph.model import Link
from tests.graph.fake_registry import FIXTURES, fixture_registry

REGISTRY = fixture_registry()


def load(name: str) -> CanvasWorkflow:
    return parse_canvas(json.loads((FIXTURES / f"{name}.canvas.json").read_text("utf-8")))


def test_only_the_named_values_change() -> None:
    workflow = load("default_0.4")
    changes: dict[str, dict[str, Any]] = {
        "3": {"steps": 4, "denoise": 0.5},
        "6": {"text": "a dog"},
        "5": {},
    }
    edited = set_widget_values(workflow, changes, REGISTRY)
    assert edited is not None
    before = {node["id"]: node for node in write_canvas(workflow)["nodes"]}
    after = {node["id"]: node for node in write_canvas(edited)["nodes"]}
    assert after[3].pop("widgets_values") == [7, "randomize", 4, 8, "euler", "normal", 0.5]
    assert after[6].pop("widgets_values") == ["a dog"]
    for node_id in (3, 6):
        before[node_id].pop("widgets_values")
    assert after == before


def test_values_stored_by_name_and_named_values_are_found() -> None:
    old = set_widget_values(load("old_files"), {"7": {"height": 64}}, REGISTRY)
    named = set_widget_values(load("widgets"), {"6": {"steps": 99}}, REGISTRY)
    assert old is not None
    assert named is not None
    assert canvas_to_graph(old, REGISTRY).graph["7"].inputs["height"] == 64
    assert canvas_to_graph(named, REGISTRY).graph["6"].inputs["steps"] == 99


@pytest.mark.parametrize(
    ("name", "node_id", "values"),
    [
        ("default_0.4", "3", {"model": 5}),
        ("default_0.4", "3", {"steps": Link("4", 0)}),
        ("default_0.4", "3", {"nope": 5}),
        ("default_0.4", "77", {"steps": 5}),
        ("primitives_and_reroutes", "5", {"seed": 5}),
        ("subgraphs_nested", "10:2", {"height": 5}),
    ],
)
def test_a_value_without_a_place_changes_nothing(
    name: str, node_id: str, values: dict[str, Any]
) -> None:
    assert set_widget_values(load(name), {node_id: values}, REGISTRY) is None
