from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.canvas import parse_canvas, write_canvas
from engine.graph.errors import WorkflowFormatError
from tests.graph.fake_registry import FIXTURES
from tests.strategies import canvas_workflows, json_values


@given(canvas_workflows(), st.sampled_from([0.4, 1]))
@settings(deadline=None, max_examples=15)
def test_what_is_written_reads_back_equal(data: dict[str, Any], version: float) -> None:
    workflow = parse_canvas(data)
    written = json.loads(json.dumps(write_canvas(workflow, version)))
    assert parse_canvas(written) == replace(workflow, version=version)


def contains(whole: Any, part: Any) -> bool:
    """Tell whether all keys of `part` are in `whole`, at every level."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            k in whole and contains(whole[k], v) for k, v in part.items()
        )
    if isinstance(part, list) and isinstance(whole, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.canvas.json")), ids=lambda p: p.stem)
def test_a_file_keeps_every_key(path: Any) -> None:
    data = json.loads(path.read_text("utf-8"))
    assert contains(write_canvas(parse_canvas(data), data["version"]), data)


def test_unknown_keys_survive_at_every_level() -> None:
    new = {"new": [1, {"deep": None}]}
    body = {
        "nodes": [
            {
                "id": 1,
                "type": "T",
                "inputs": [{"name": "a", "type": "X", "link": 1, **new}],
                "outputs": [{"name": "b", "type": "X", "links": [1], **new}],
                "properties": new,
                **new,
            }
        ],
        "links": [
            {"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 1, "target_slot": 0, **new}
        ],
        "floatingLinks": [],
        "groups": [{"title": "g", **new}],
        "reroutes": [{"id": 1, "pos": [0, 0], **new}],
        "extra": new,
        "state": {"lastNodeId": 1, "lastLinkId": 1, **new},
        **new,
    }
    ports = {"inputs": [{"name": "p", "type": "X", **new}], "outputs": []}
    subgraph = {"id": "u", "name": "s", "inputNode": {"id": -10, **new}, **ports, **body}
    data = {"version": 1, **body, "definitions": {"subgraphs": [subgraph], **new}}
    assert contains(write_canvas(parse_canvas(data), 1), data)
    assert contains(write_canvas(parse_canvas(write_canvas(parse_canvas(data), 0.4)), 1), data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "the workflow must be an object"),
        ({}, '"nodes" is missing'),
        ({"nodes": {}}, '"nodes" must be a list'),
        ({"nodes": [5]}, "a node must be an object, got 5"),
        ({"nodes": [{"type": "T"}]}, "the id of a node must be a whole number"),
        ({"nodes": [{"id": 1}]}, "node 1: its type must be text, got None"),
        ({"nodes": [{"id": 1, "type": "T", "mode": "x"}]}, "node 1: its mode"),
        ({"nodes": [{"id": 1, "type": "T", "inputs": [1]}]}, "node 1: an input"),
        ({"nodes": [{"id": 1, "type": "T", "properties": [1]}]}, "node 1: its properties"),
        ({"nodes": [], "links": [[1, 2]]}, "link 1: its output number"),
        ({"nodes": [], "links": ["x"]}, "a link must be an object"),
        ({"nodes": [], "links": [[1, 2, float("nan"), 3, 0, "X"]]}, "link 1: its output number"),
        ({"nodes": [], "version": "x"}, '"version" must be a number'),
        ({"nodes": [], "definitions": {"subgraphs": [{"id": "u"}]}}, "subgraph 'u': \"nodes\""),
    ],
)
def test_a_malformed_file_is_one_clear_error(data: Any, problem: str) -> None:
    with pytest.raises(WorkflowFormatError, match=problem):
        parse_canvas(data)


@given(st.fixed_dictionaries({"nodes": json_values(), "links": json_values()}) | json_values())
@settings(deadline=None, max_examples=50)
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        workflow = parse_canvas(data)
    except WorkflowFormatError:
        return
    assert parse_canvas(write_canvas(workflow)).graph == workflow.graph


def test_other_versions_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        write_canvas(parse_canvas({"nodes": []}), 2)


def test_empty_places_in_lists_are_left_out() -> None:
    assert parse_canvas({"nodes": [None], "links": [None]}).graph.links == ()
