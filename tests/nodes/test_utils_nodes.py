"""Primitive, string, pattern and preview nodes."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.registry.decorator import node_specs
from engine.registry.spec import Folders
from nodes.utils import patterns, preview_any, primitives, strings
from nodes.utils.patterns import PatternTooSlowError, regex_extract, regex_match, regex_replace

I63 = 2**63 - 1
LINES = ("STRING", {"multiline": True})
FLAGS = {
    "case_insensitive": ("BOOLEAN", {"default": True}),
    "multiline": ("BOOLEAN", {"default": False}),
    "dotall": ("BOOLEAN", {"default": False}),
}
SEARCH = {"string": LINES, "regex_pattern": LINES}

# Contract §7: required inputs, optional inputs, output.
DECLARED: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "PrimitiveString": ({"value": ("STRING", {})}, {}, ("STRING", "STRING")),
    "PrimitiveStringMultiline": ({"value": LINES}, {}, ("STRING", "STRING")),
    "PrimitiveInt": (
        {"value": ("INT", {"min": -I63, "max": I63, "control_after_generate": True})},
        {},
        ("INT", "INT"),
    ),
    "PrimitiveFloat": (
        {"value": ("FLOAT", {"min": -I63, "max": I63, "step": 0.01})},
        {},
        ("FLOAT", "FLOAT"),
    ),
    "PrimitiveBoolean": ({"value": ("BOOLEAN", {})}, {}, ("BOOLEAN", "BOOLEAN")),
    "StringConcatenate": (
        {"string_a": LINES, "string_b": LINES, "delimiter": ("STRING", {})},
        {},
        ("STRING", "STRING"),
    ),
    "StringSubstring": (
        {"string": LINES, "start": ("INT", {}), "end": ("INT", {})},
        {},
        ("STRING", "STRING"),
    ),
    "StringLength": ({"string": LINES}, {}, ("INT", "length")),
    "CaseConverter": (
        {
            "string": LINES,
            "mode": (["UPPERCASE", "lowercase", "Capitalize", "Title Case"], {}),
        },
        {},
        ("STRING", "STRING"),
    ),
    "StringTrim": (
        {"string": LINES, "mode": (["Both", "Left", "Right"], {})},
        {},
        ("STRING", "STRING"),
    ),
    "StringReplace": (
        {"string": LINES, "find": LINES, "replace": LINES},
        {},
        ("STRING", "STRING"),
    ),
    "StringContains": (
        {"string": LINES, "substring": LINES, "case_sensitive": ("BOOLEAN", {"default": True})},
        {},
        ("BOOLEAN", "contains"),
    ),
    "StringCompare": (
        {
            "string_a": LINES,
            "string_b": LINES,
            "mode": (["Starts With", "Ends With", "Equal"], {}),
            "case_sensitive": ("BOOLEAN", {"default": True}),
        },
        {},
        ("BOOLEAN", "BOOLEAN"),
    ),
    "RegexMatch": ({**SEARCH, **FLAGS}, {}, ("BOOLEAN", "matches")),
    "RegexExtract": (
        {
            **SEARCH,
            "mode": (["First Match", "All Matches", "First Group", "All Groups"], {}),
            **FLAGS,
            "group_index": ("INT", {"default": 1, "min": 0, "max": 100}),
        },
        {},
        ("STRING", "STRING"),
    ),
    "RegexReplace": (
        {**SEARCH, "replace": LINES},
        {**FLAGS, "count": ("INT", {"default": 0, "min": 0, "max": 100})},
        ("STRING", "STRING"),
    ),
}
TITLES = {
    "PrimitiveString": "String",
    "PrimitiveStringMultiline": "String (Multiline)",
    "PrimitiveInt": "Int",
    "PrimitiveFloat": "Float",
    "PrimitiveBoolean": "Boolean",
    "StringConcatenate": "Concatenate",
    "StringSubstring": "Substring",
    "StringLength": "Length",
    "CaseConverter": "Case Converter",
    "StringTrim": "Trim",
    "StringReplace": "Replace",
    "StringContains": "Contains",
    "StringCompare": "Compare",
    "RegexMatch": "Regex Match",
    "RegexExtract": "Regex Extract",
    "RegexReplace": "Regex Replace",
}
SPECS = {spec.type_id: spec for m in (primitives, strings, patterns) for spec in node_specs(m)}


def without_help(section: dict[str, Any]) -> list[Any]:
    return [
        (name, (wire, {k: v for k, v in options.items() if k != "tooltip"}))
        for name, (wire, options) in section.items()
    ]


def test_every_node_is_declared_with_its_title() -> None:
    assert list(SPECS) == list(DECLARED)
    assert {type_id: spec.display_name for type_id, spec in SPECS.items()} == TITLES


@pytest.mark.parametrize("type_id", DECLARED)
def test_inputs_and_outputs_are_those_of_the_contract(type_id: str) -> None:
    required, optional, output = DECLARED[type_id]
    spec = SPECS[type_id]
    declared = spec.input_types(cast("Folders", None))
    assert without_help(declared["required"]) == list(required.items())
    assert without_help(declared.get("optional", {})) == list(optional.items())
    assert [(slot.type, slot.name) for slot in spec.outputs] == [output]
    assert spec.category == ("utils/primitive" if "Primitive" in type_id else "utils/string")


@given(st.text(), st.integers(-I63, I63), st.floats(allow_nan=False), st.booleans())
def test_primitives_pass_their_value_on(text: str, whole: int, real: float, flag: bool) -> None:
    assert primitives.primitive_string(text) == text
    assert primitives.primitive_string_multiline(text) == text
    assert primitives.primitive_int(whole) == whole
    assert primitives.primitive_float(real) == real
    assert primitives.primitive_boolean(flag) is flag


def test_strings_are_joined_cut_and_counted() -> None:
    assert strings.string_concatenate("a", "b", ", ") == "a, b"
    assert strings.string_substring("a picture", 2, 5) == "pic"
    assert strings.string_substring("a picture", -4, -1) == "tur"
    assert strings.string_substring("short", 3, 99) == "rt"
    assert strings.string_length("猫 cat") == 5


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("UPPERCASE", "A BIG CAT"),
        ("lowercase", "a big cat"),
        ("Capitalize", "A big cat"),
        ("Title Case", "A Big Cat"),
    ],
)
def test_case_is_converted(mode: Any, expected: str) -> None:
    assert strings.case_converter("a bIg cat", mode) == expected


@pytest.mark.parametrize(("mode", "expected"), [("Both", "a"), ("Left", "a\n"), ("Right", "  a")])
def test_ends_are_trimmed(mode: Any, expected: str) -> None:
    assert strings.string_trim("  a\n", mode) == expected


def test_text_is_replaced_as_written() -> None:
    assert strings.string_replace("a.b.c", ".", "-") == "a-b-c"
    assert strings.string_replace("ab", "", "-") == "-a-b-"


@pytest.mark.parametrize(
    ("substring", "case_sensitive", "expected"),
    [("Cat", True, False), ("Cat", False, True), ("STRASSE", False, True), ("dog", False, False)],
)
def test_text_is_looked_for(substring: str, case_sensitive: bool, expected: bool) -> None:
    assert strings.string_contains("cat, straße", substring, case_sensitive) is expected


@pytest.mark.parametrize(
    ("mode", "other", "expected"),
    [
        ("Starts With", "a c", True),
        ("Starts With", "cat", False),
        ("Ends With", "cat", True),
        ("Equal", "a cat", True),
        ("Equal", "cat", False),
    ],
)
def test_texts_are_compared(mode: Any, other: str, expected: bool) -> None:
    assert strings.string_compare("a cat", other, mode, True) is expected
    assert strings.string_compare("A CAT", other, mode, False) is expected
    assert strings.string_compare("A CAT", other, mode, True) is False


def test_a_pattern_is_found_with_the_chosen_flags() -> None:
    assert regex_match("a CAT", r"c\wt")
    assert not regex_match("a CAT", r"c\wt", case_insensitive=False)
    assert regex_match("a\nb", "^b$", multiline=True)
    assert not regex_match("a\nb", "^b$")
    assert regex_match("a\nb", "a.b", dotall=True)
    assert not regex_match("a\nb", "a.b")


@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        ("First Match", 1, "seed=7"),
        ("All Matches", 1, "seed=7\nsteps=20"),
        ("First Group", 1, "seed"),
        ("First Group", 2, "7"),
        ("First Group", 0, "seed=7"),
        ("All Groups", 2, "7\n20"),
    ],
)
def test_matches_and_groups_are_extracted(mode: Any, group: int, expected: str) -> None:
    text = "seed=7, steps=20"
    assert regex_extract(text, r"(\w+)=(\d+)", mode, group_index=group) == expected


@pytest.mark.parametrize("mode", ["First Match", "All Matches", "First Group", "All Groups"])
def test_nothing_found_is_an_empty_text(mode: Any) -> None:
    assert regex_extract("abc", r"(\d)", mode) == ""


def test_a_group_that_took_no_part_is_empty() -> None:
    assert regex_extract("b", "(a)?b", "First Group") == ""
    assert regex_extract("b ab", "(a)?b", "All Groups") == "\na"


def test_a_group_the_pattern_lacks_is_refused() -> None:
    with pytest.raises(InvalidValueError, match='input "group_index": expected at most 1'):
        regex_extract("a", "(a)", "First Group", group_index=2)
    assert regex_extract("a", "a", "First Match", group_index=2) == "a"


def test_found_text_is_replaced() -> None:
    assert regex_replace("a1 b2", r"(\w)(\d)", r"\2\1") == "1a 2b"
    assert regex_replace("AAA", "a", "b", count=2) == "bbA"
    assert regex_replace("Aa", "a", "b", case_insensitive=False) == "Ab"


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "*", "(" * 20_000])
def test_a_broken_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidValueError, match=r'input "regex_pattern".* regular expression'):
        regex_match("a", pattern)


@pytest.mark.parametrize("replace", [r"\1", r"\g<x>", "\\"])
def test_a_broken_replacement_is_refused(replace: str) -> None:
    with pytest.raises(InvalidValueError, match='input "replace"'):
        regex_replace("a", "a", replace)


def test_a_pattern_that_would_never_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_TIME_LIMIT_S", 0.05)
    hostile = "a" * 80 + "b"
    for search in (
        lambda: regex_match(hostile, r"(a|aa)+$"),
        lambda: regex_extract(hostile, r"(a|aa)+$", "All Matches"),
        lambda: regex_replace(hostile, r"(a|aa)+$", ""),
    ):
        with pytest.raises(PatternTooSlowError, match=r"stopped after 0\.05 s"):
            search()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\ncat", "a\ncat"),
        (7, "7"),
        (0.1, "0.1"),
        (True, "True"),
        (None, "None"),
        (["猫", {"a": 1}], json.dumps(["猫", {"a": 1}], indent=4, ensure_ascii=False)),
        (torch.tensor([[0.5, -1.0]]), "float32 tensor (1, 2) from -1 to 0.5"),
        (torch.zeros(0, 3), "float32 tensor (0, 3)"),
        ([torch.zeros(1)], '[\n    "float32 tensor (1,) from 0 to 0"\n]'),
        ({1}, "{1}"),
        ({(1, 2): "odd key"}, "{(1, 2): 'odd key'}"),
    ],
)
def test_any_value_has_a_preview(value: Any, text: str) -> None:
    assert preview_any.preview_any(value) == {"text": [text]}


def test_circles_and_depths_have_a_preview() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (circle, deep):
        (text,) = preview_any.preview_any(value)["text"]
        assert text.startswith("[[")
        assert len(text) < 200


def test_preview_any_is_an_output_that_takes_anything() -> None:
    (spec,) = node_specs(preview_any)
    assert (spec.type_id, spec.category, spec.is_output) == ("PreviewAny", "utils", True)
    declared = spec.input_types(cast("Folders", None))["required"]
    assert list(declared) == ["source"]
    assert not declared["source"][0] != "IMAGE"  # noqa: SIM202 - packs compare types with !=
    assert spec.outputs == ()
