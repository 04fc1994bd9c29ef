"""Steps from old node types and forms to those of today."""

from __future__ import annotations

from typing import Any

import pytest

from engine.registry.decorator import node
from engine.registry.replacements import NodeReplacement, Replacements, read_replacements


def table(*steps: NodeReplacement) -> Replacements:
    found = Replacements()
    for step in steps:
        found.add(step)
    return found


def gone(old: str, new: str) -> NodeReplacement:
    return NodeReplacement(old_type=old, new_type=new)


def older(name: str, version: int) -> NodeReplacement:
    return NodeReplacement(old_type=name, new_type=name, before_version=version)


def test_steps_follow_one_another_to_the_first_known_type() -> None:
    steps = table(gone("A", "B"), gone("B", "C"), gone("C", "D"), older("C", 3), older("C", 2))
    found = steps.steps("A", 1, {"C"})
    assert [(s.old_type, s.before_version) for s in found] == [
        ("A", None),
        ("B", None),
        ("C", 2),
        ("C", 3),
    ]
    assert steps.steps("A", 1, set()) == ()


def test_a_known_type_takes_only_the_steps_after_the_version_of_the_file() -> None:
    steps = table(older("C", 2), older("C", 4))
    assert [s.before_version for s in steps.steps("C", 2, {"C"})] == [4]
    assert steps.steps("C", 4, {"C"}) == ()
    assert (steps.version_of("C"), steps.version_of("other")) == (4, 1)


@pytest.mark.parametrize("steps", [["AA"], ["AB", "BA"], ["AB", "CA", "BC"]])
def test_steps_that_lead_in_a_circle_are_refused(steps: list[str]) -> None:
    *first, last = [gone(pair[0], pair[1]) for pair in steps]
    known = table(*first)
    with pytest.raises(ValueError, match="in a circle: "):
        known.add(last)
    assert last.old_type not in known.as_json()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (3, "must be an object, got 3"),
        ({"input": {}}, "unknown keys: input"),
        ({"to": 4}, '"to" must name a node type'),
        ({"inputs": {"a": 1}}, '"inputs" must be an object of new input names'),
        ({"outputs": {"IMAGE": 0}}, '"outputs" must be an object of new output numbers'),
        ({"widgets": "seed"}, '"widgets" must be a list of input names'),
        ({"before_version": 1}, '"before_version" must be a whole number from 2 on'),
        ({"to": "Other", "before_version": 2}, "and \"to\" the type itself, got 2 and 'Other'"),
    ],
)
def test_a_malformed_declaration_is_told(entry: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        read_replacements("Old", entry)


def test_a_native_node_states_what_it_replaces_without_changing_its_cache_version() -> None:
    @node(
        "Tiles",
        category="test",
        replaces={"Squares": {"inputs": {"n": "count"}}, "Tiles": {"before_version": 2}},
    )
    def tiles(count: int = 1) -> int:
        """Count tiles."""
        return count

    spec = tiles.__node__  # type: ignore[attr-defined]
    assert spec.version == "1"
    assert [(s.old_type, s.new_type) for s in spec.replacements] == [
        ("Squares", "Tiles"),
        ("Tiles", "Tiles"),
    ]
