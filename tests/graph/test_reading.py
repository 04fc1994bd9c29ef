from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from engine.graph.errors import WorkflowFormatError
from engine.graph.reading import read_workflow
from tests.graph.fake_registry import FIXTURES, fixture_registry
from tests.strategies import json_values

REGISTRY = fixture_registry()
API = json.loads((FIXTURES / "default_0.4.api.json").read_text("utf-8"))
CANVAS = json.loads((FIXTURES / "default_0.4.canvas.json").read_text("utf-8"))


@pytest.mark.parametrize("data", [API, CANVAS, {"prompt": API, "client_id": "x"}])
def test_both_formats_and_a_queue_request_give_the_same_graph(data: Any) -> None:
    reading = read_workflow(data, REGISTRY)
    assert reading.graph == read_workflow(API, REGISTRY).graph
    assert reading.problems == []
    assert (reading.canvas is not None) == (data is CANVAS)


def test_a_node_may_be_called_prompt() -> None:
    data = {"prompt": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}
    assert list(read_workflow(data, REGISTRY).graph) == ["prompt"]


@pytest.mark.parametrize("data", [[], 5, None, "x", {"a": 1}, {"prompt": 5}, {"prompt": None}])
def test_other_json_is_refused_by_name(data: Any) -> None:
    with pytest.raises(WorkflowFormatError, match=r"cat\.json: neither a canvas workflow"):
        read_workflow(data, REGISTRY, where="cat.json")


def test_a_node_without_a_type_is_named() -> None:
    with pytest.raises(WorkflowFormatError, match="node '8'"):
        read_workflow({**API, "8": {"inputs": {}}}, REGISTRY)


def test_depth_is_limited() -> None:
    data: Any = {}
    for _ in range(10_000):
        data = {"a": data}
    with pytest.raises(WorkflowFormatError, match="nested more than"):
        read_workflow(data, REGISTRY)


@given(json_values())
@settings(deadline=None)
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        reading = read_workflow(data, REGISTRY)
    except WorkflowFormatError:
        return
    assert reading.graph == {} or isinstance(data, dict)
