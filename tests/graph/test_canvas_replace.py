"""Nodes of types that are gone, or of older forms, become those of today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.graph.api_format import parse_api, write_api
from engine.graph.canvas import Conversion, canvas_to_graph, graph_to_canvas, parse_canvas
from engine.graph.canvas.write import write_canvas
from engine.graph.validate import validate
from engine.registry.registry import Registry
from engine.registry.replacements import read_replacements
from tests.graph.fake_registry import FIXTURES, fixture_registry

CASE = FIXTURES / "replaced"


def load(name: str) -> Any:
    return json.loads((CASE / f"{name}.json").read_text("utf-8"))


def numbered(declared: Any) -> Any:
    """JSON has no numbers as keys; packs do."""
    if isinstance(declared, list):
        return [numbered(entry) for entry in declared]
    outputs = {int(old): new for old, new in declared.get("outputs", {}).items()}
    return {**declared, "outputs": outputs}


def registry_with(declared: Mapping[str, Any]) -> Registry:
    registry = fixture_registry()
    for old_type, entry in declared.items():
        for step in read_replacements(old_type, numbered(entry)):
            registry.add_replacement(step)
    return registry


@pytest.fixture
def registry() -> Registry:
    return registry_with(load("declared"))


def convert(canvas: Any, registry: Registry) -> Conversion:
    return canvas_to_graph(parse_canvas(canvas), registry)


def test_what_packs_declare_is_told_in_the_shape_of_the_peer(registry: Registry) -> None:
    assert registry.replacements.as_json() == load("node_replacements")


def test_a_canvas_of_old_types_becomes_the_prompt_it_stands_for(registry: Registry) -> None:
    assert write_api(convert(load("canvas"), registry).graph) == load("api")


def test_each_replacement_is_told_in_a_sentence(registry: Registry) -> None:
    found = [p for p in convert(load("canvas"), registry).problems if p.code == "node_replaced"]
    assert [str(problem) for problem in found] == [
        "Node #1: its type 'OldLoader' was replaced by 'CheckpointLoaderSimple'",
        "Node #5: its type 'OldSampler' was replaced by 'KSampler'",
        "Node #6: its inputs are those of version 3 of KSampler now",
        "its type 'OldLoader' was replaced by 'CheckpointLoaderSimple'",
    ]


def test_a_prompt_laid_out_on_the_canvas_is_replaced_no_further(registry: Registry) -> None:
    graph = convert(load("canvas"), registry).graph
    again = convert(
        json.loads(json.dumps(write_canvas(graph_to_canvas(graph, registry)))), registry
    )
    assert again.graph["6"].inputs["scheduler"] == "normal"
    assert "node_replaced" not in {problem.code for problem in again.problems}


def test_an_output_that_lost_its_place_is_not_confused_with_another() -> None:
    registry = registry_with({"OldImage": {"to": "LoadImage", "outputs": {"1": 0}}})
    nodes = [
        {"id": 1, "type": "OldImage", "outputs": [{"name": "MASK"}, {"name": "IMAGE"}]},
        *(
            {"id": n, "type": "PreviewImage", "inputs": [{"name": "images", "link": n}]}
            for n in (2, 3)
        ),
    ]
    links = [[2, 1, 0, 2, 0, "IMAGE"], [3, 1, 1, 3, 0, "IMAGE"]]
    graph = convert({"version": 0.4, "nodes": nodes, "links": links}, registry).graph
    assert dict(graph["3"].links())["images"].slot == 0
    assert dict(graph["2"].links())["images"].slot == 2  # there is none; validation says so


async def test_an_unknown_type_in_a_prompt_is_told_what_took_its_place(registry: Registry) -> None:
    prompt = {
        "1": {"class_type": "OldLoader", "inputs": {}},
        "2": {"class_type": "Vanished", "inputs": {}},
    }
    error = (await validate(parse_api(prompt), registry)).error
    assert error is not None
    assert "'CheckpointLoaderSimple' took its place; open the workflow" in error["details"]
    assert "'NeverInstalled' took its place, but is not known either" in error["details"]
    unknown = error["extra_info"]["unknown_types"]
    assert [entry["suggestion"] for entry in unknown] == [
        "CheckpointLoaderSimple",
        "NeverInstalled",
    ]
