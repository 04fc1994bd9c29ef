"""The weight syntax, its escapes, and embedding names."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.text.prompt import EmbeddingName, parse_prompt, split_embeddings

PROMPTS = st.text(alphabet=r"ab 1.:()\é猫", max_size=60)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", []),
        ("a cat", [("a cat", 1.0)]),
        ("a (cat) b", [("a ", 1.0), ("cat", 1.1), (" b", 1.0)]),
        ("((cat))", [("cat", 1.1 * 1.1)]),
        ("(a (b) c)", [("a ", 1.1), ("b", 1.1 * 1.1), (" c", 1.1)]),
        ("(cat:1.3)", [("cat", 1.3)]),
        ("(a (cat:1.3))", [("a ", 1.1), ("cat", 1.3)]),
        ("(a (b) c:1.5)", [("a ", 1.5), ("b", 1.5 * 1.1), (" c", 1.5)]),
        ("((a:1.2) b:0.5)", [("a", 1.2), (" b", 0.5)]),
        ("(a:b:1.2)", [("a:b", 1.2)]),
        ("(a:-0.5)", [("a", -0.5)]),
        ("(a: 1.2 )", [("a", 1.2)]),
        ("(a:.5)(b:2.)(c:1e-1)", [("a", 0.5), ("b", 2.0), ("c", 0.1)]),
        ("[a] {b} a BREAK b AND c", [("[a] {b} a BREAK b AND c", 1.0)]),
        ("()", []),
        ("( )", [(" ", 1.1)]),
    ],
)
def test_weights_multiply_in_nests_and_are_set_by_numbers(
    text: str, segments: list[tuple[str, float]]
) -> None:
    assert parse_prompt(text) == segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        (r"a \(b\)", [("a (b)", 1.0)]),
        (r"(a \(b\):1.2)", [("a (b)", 1.2)]),
        (r"(a\)", [("(a)", 1.0)]),
        (r"back\slash", [(r"back\slash", 1.0)]),
        ("smile :) (cat)", [("smile :) ", 1.0), ("cat", 1.1)]),
        ("sad :( (cat)", [("sad :( ", 1.0), ("cat", 1.1)]),
        ("(a (b)", [("(a ", 1.0), ("b", 1.1)]),
        ("(a:1.2", [("(a:1.2", 1.0)]),
        (")(", [(")(", 1.0)]),
    ],
)
def test_escaped_and_unpaired_parentheses_are_text(
    text: str, segments: list[tuple[str, float]]
) -> None:
    assert parse_prompt(text) == segments


@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "1_0", "1,5", "", "x", "1.2.3", "٣"])
def test_what_is_no_finite_number_stays_in_the_text(number: str) -> None:
    assert parse_prompt(f"(a:{number})") == [(f"a:{number}", 1.1)]


def test_a_weight_needs_a_text() -> None:
    assert parse_prompt("(:1.3)") == [(":1.3", 1.1)]


def test_ten_thousand_nested_parentheses_are_read() -> None:
    (segment,) = parse_prompt("(" * 10_000 + "a" + ":0.5)" + ")" * 9_999)
    assert segment == ("a", 0.5)
    (runaway,) = parse_prompt("(" * 10_000 + "a" + ")" * 10_000)
    assert runaway.text == "a"
    assert math.isinf(runaway.weight)


@pytest.mark.parametrize("hostile", ["(", ")", "()", "(:", "(a:1)", r"\(", "1", ":1"])
def test_time_is_linear_in_the_length(hostile: str) -> None:
    def seconds(count: int) -> float:
        text = "(a:" + hostile * count + "x)"
        return min(_parsed_in(text) for _ in range(3))

    assert seconds(20_000) < 8 * seconds(5_000)  # four times the text; 16 were quadratic


def _parsed_in(text: str) -> float:
    started = time.thread_time()  # not wall time: other tests run beside this one
    parse_prompt(text)
    return time.thread_time() - started


@given(PROMPTS)
@example("((a:1)")
def test_no_text_is_lost_or_made_up(text: str) -> None:
    joined = "".join(segment.text for segment in parse_prompt(text))
    letters = [c for c in text if c.isalpha()]
    assert [c for c in joined if c.isalpha()] == letters


@given(st.text(max_size=200).filter(lambda text: not set(text) & set("()")))
def test_text_without_parentheses_is_one_segment(text: str) -> None:
    assert parse_prompt(text) == ([(text, 1.0)] if text else [])


@given(st.text(max_size=100))
def test_escaping_every_parenthesis_gives_the_text_back(text: str) -> None:
    text = text.replace("\\", "")
    escaped = text.replace("(", r"\(").replace(")", r"\)")
    assert parse_prompt(escaped) == ([(text, 1.0)] if text else [])


@given(st.text(), st.floats(-100, 100))
def test_any_weight_written_out_is_read_back(inner: str, weight: float) -> None:
    inner = "a" + inner.replace("\\", "").replace("(", "").replace(")", "")
    assert parse_prompt(f"({inner}:{weight!r})") == [(inner, weight)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a cat", ["a cat"]),
        ("embedding:bad", [EmbeddingName("bad")]),
        ("a embedding:bad, b", ["a ", EmbeddingName("bad,"), " b"]),
        ("a\nembedding:x/y.pt\nb", ["a\n", EmbeddingName("x/y.pt"), "\nb"]),
        ("embedding:a embedding:b", [EmbeddingName("a"), " ", EmbeddingName("b")]),
        ("myembedding:a", ["myembedding:a"]),
        (",embedding:a", [",embedding:a"]),
        ("embedding: a", ["embedding: a"]),
        ("", []),
    ],
)
def test_embeddings_are_named_after_a_space_or_at_the_start(
    text: str, pieces: list[str | EmbeddingName]
) -> None:
    assert list(split_embeddings(text)) == pieces
