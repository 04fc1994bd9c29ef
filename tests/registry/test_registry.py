"""The table of node types, and the reading of their help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import UnknownNameError
from engine.registry.decorator import node
from engine.registry.docstring import parse_docstring
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec
from tests.registry.registry_fakes import FakeFolders


@node("Sample", category="test", title="A sample")
def sample(value: int = 1) -> int:
    """Give back a number."""
    return value


SPEC: NodeSpec = sample.__node__  # type: ignore[attr-defined]


@pytest.fixture
def registry() -> Registry:
    return Registry(FakeFolders())


def test_a_type_is_found_by_its_id(registry: Registry) -> None:
    assert registry.add(SPEC)

    assert registry.find("Sample") is registry["Sample"] is SPEC
    assert list(registry) == ["Sample"]
    assert len(registry) == 1
    assert registry.input_types("Sample") == {"required": {"value": ("INT", {"default": 1})}}


def test_an_unknown_type_is_answered_with_the_nearest_name(registry: Registry) -> None:
    registry.add(SPEC)

    with pytest.raises(UnknownNameError, match='Did you mean "Sample"'):
        registry.find("sampel")


def test_a_name_that_shares_a_few_letters_is_not_suggested(registry: Registry) -> None:
    registry.add(replace(SPEC, type_id="StringReplace"))

    with pytest.raises(UnknownNameError) as raised:
        registry.find("SomethingElse")
    assert raised.value.suggestion is None


def test_a_built_in_type_is_not_replaced_by_a_pack(registry: Registry) -> None:
    registry.add(SPEC, builtin=True)

    assert not registry.add(SPEC)
    assert registry.add(SPEC, builtin=True)


def test_a_title_can_be_changed_without_touching_the_declaration(registry: Registry) -> None:
    registry.add(SPEC, builtin=True)
    registry.rename("Sample", "Another title")

    assert registry["Sample"].display_name == "Another title"
    assert SPEC.display_name == "A sample"
    with pytest.raises(KeyError):
        registry.rename("Missing", "x")


def test_help_is_split_into_text_and_arguments() -> None:
    read = parse_docstring(
        """First line.

        More text: with a colon.

        Args:
            one: The first,
                on two lines.
            two (int): The second
                note: not an argument.

        Returns: nothing worth mentioning.

        Source: a paper.
        """
    )

    assert read.text == "First line.\n\nMore text: with a colon."
    assert read.args == {
        "one": "The first, on two lines.",
        "two": "The second note: not an argument.",
    }


@pytest.mark.parametrize("text", [None, ""])
def test_no_docstring_is_no_help(text: str | None) -> None:
    assert parse_docstring(text).text == ""
