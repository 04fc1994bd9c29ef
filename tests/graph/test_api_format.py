from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings

from engine.graph.api_format import parse_api, write_api
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import loads
from engine.graph.model import BareList, Link
from tests.strategies import api_prompts, json_values


@given(api_prompts())
@settings(deadline=None, max_examples=50)
def test_what_is_written_reads_back_equal(prompt: dict[str, Any]) -> None:
    graph = parse_api(prompt)
    written = write_api(graph)
    assert parse_api(json.loads(json.dumps(written))) == graph
    assert write_api(parse_api(written)) == written


def test_a_prompt_as_comfyui_writes_it_keeps_every_byte() -> None:
    text = (
        '{"3": {"inputs": {"seed": 7, "model": ["4", 0], "points": {"__value__": [[1, 2]]}}, '
        '"class_type": "KSampler", "_meta": {"title": "Mine", "note": "n"}, "is_changed": ["a"]}, '
        '"12:5": {"inputs": {}, "class_type": "Other"}}'
    )
    assert json.dumps(write_api(parse_api(loads(text, "x")))) == text


def test_links_and_lists_are_told_apart() -> None:
    inputs = {
        "link": ["4", 1],
        "whole": ["4", 1.0],
        "wrapped": {"__value__": ["4", 1]},
        "twice": {"__value__": {"__value__": 1}},
        "three": ["4", 1, 2],
        "half": ["4", 0.5],
        "flag": ["4", True],
    }
    found = parse_api({"1": {"class_type": "T", "inputs": inputs}})["1"].inputs
    assert found["link"] == Link("4", 1)
    assert found["whole"] == Link("4", 1)
    assert found["wrapped"] == ["4", 1]
    assert found["twice"] == {"__value__": 1}
    assert not isinstance(found["wrapped"], BareList)
    assert all(isinstance(found[name], BareList) for name in ("three", "half", "flag"))


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ([], "expected an object of nodes"),
        (None, "expected an object of nodes"),
        ({"7": []}, "node '7': expected an object"),
        ({"7": {"inputs": {}}}, "node '7': \"class_type\" is missing"),
        ({"7": {"class_type": 1}}, "node '7': \"class_type\" is no text"),
        ({"7": {"class_type": "T", "inputs": []}}, "node '7': \"inputs\" must be an object"),
        ({7: {"class_type": "T"}}, "key 7 is no text"),
        ({"7": {"class_type": "T", "inputs": {"x": {1, 2}}}}, "set is no JSON value"),
    ],
)
def test_a_malformed_prompt_is_one_clear_error(prompt: object, problem: str) -> None:
    with pytest.raises(WorkflowFormatError, match=problem):
        parse_api(prompt)


def test_depth_is_limited_without_a_recursion_error() -> None:
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    with pytest.raises(WorkflowFormatError, match="nested more than"):
        parse_api({"1": {"class_type": "T", "inputs": {"x": value}}})


@given(json_values())
@settings(deadline=None, max_examples=50)
def test_any_json_parses_or_is_refused(value: Any) -> None:
    with contextlib.suppress(WorkflowFormatError):
        assert write_api(parse_api(value)).keys() == value.keys()
