from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import MAX_DEPTH, check_json, loads
from tests.strategies import json_values


@given(json_values(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@settings(deadline=None)
def test_any_json_is_read_in_any_unicode_encoding(value: Any, encoding: str) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert loads(text, "x") == value
    assert loads(text.encode(encoding), "x") == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 10_000 + "]" * 10_000, "nested more than"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested more than"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than"),
        ("[" * 10_000, "x: "),
        ('{"1": {}, "1": {}}', "'1' appears twice"),
        ("9" * 100_000, "too many digits"),
        ("{", "not valid JSON at line 1, column 2"),
        ("", "not valid JSON"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "x: not"),
        (b"\xff\xfe\xff", "x: not"),
    ],
)
def test_bad_text_is_one_clear_error(text: str | bytes, problem: str) -> None:
    with pytest.raises(WorkflowFormatError, match=problem) as caught:
        loads(text, "x")
    assert len(str(caught.value)) < 300


def test_nan_and_infinity_are_read() -> None:
    value = loads('{"is_changed": [NaN, -Infinity]}', "x")["is_changed"]
    assert math.isnan(value[0])
    assert value[1] == -math.inf


def test_a_byte_order_mark_in_text_is_skipped() -> None:
    assert loads("\ufeff{}", "x") == {}


def test_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.graph.json_input.MAX_SIZE", 3)
    with pytest.raises(WorkflowFormatError, match="larger than"):
        loads("[1,2]", "x")


@pytest.mark.parametrize(
    "value", [{1: 2}, [object()], {"a": (1, 2)}, b"x", [10**5000], [-(10**5000)]]
)
def test_values_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(WorkflowFormatError):
        check_json(value, "x")
