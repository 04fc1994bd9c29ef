from __future__ import annotations

import random
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.canvas.text import fill_placeholders, resolve_choices

NOW = datetime(2024, 3, 5, 16, 7, 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a|b", "a|b"),
        ("{x}", "x"),
        ("{}", ""),
        (r"\{a\|b\}", "{a|b}"),
        (r"{\|}", "|"),
        (r"C:\path", r"C:\path"),
        ("a /* b\nc */d", "a d"),
        ("a // b\nc", "a \nc"),
        ("see https://x.y", "see https:"),
        ("open {a|b", "open {a|b"),
        ("{a {b}", "{a b"),
        ("shut} a", "shut} a"),
    ],
)
def test_texts_without_a_real_choice(text: str, expected: str) -> None:
    assert resolve_choices(text, random.Random(0)) == expected


def test_each_option_is_chosen_sometimes() -> None:
    rng = random.Random(0)
    assert {resolve_choices("a {b|c {d|e}|} f", rng) for _ in range(60)} == {
        "a b f",
        "a c d f",
        "a c e f",
        "a  f",
    }


def test_10000_nested_groups_are_no_problem() -> None:
    assert resolve_choices("{" * 10_000 + "x" + "}" * 10_000, random.Random(0)) == "x"


@given(st.text(st.sampled_from("{}|\\a/*\n"), max_size=40))
@settings(deadline=None)
def test_any_text_resolves(text: str) -> None:
    assert isinstance(resolve_choices(text, random.Random(0)), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%date:yyyy-MM-dd_hh:mm:ss%", "2024-03-05_16:07:08"),
        ("%date:yy%", "24"),
        ("%N.w%_x", "a_b_c_x"),
        ("%width%%year%", "%width%%year%"),
        ("%N.other%", "%N.other%"),
        ("100% sure", "100% sure"),
    ],
)
def test_placeholders(text: str, expected: str) -> None:
    def find(node: str, widget: str) -> str | None:
        return "a/b:c" if (node, widget) == ("N", "w") else None

    assert fill_placeholders(text, find, NOW) == expected
