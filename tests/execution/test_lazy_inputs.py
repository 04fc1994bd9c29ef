"""Inputs that are computed only when their node asks for them (contract §5)."""

from __future__ import annotations

from typing import Any

from engine.cache.simple import NoCache
from engine.execution.errors import LazyInputError
from engine.execution.events import NodeStarted
from engine.registry.spec import NodeSpec
from tests.execution.execution_kit import bench, cause, spec


def switch(asked: list[Any] | None = None) -> NodeSpec:
    def check(instance: Any, inputs: dict[str, Any]) -> list[str]:
        if asked is not None:
            asked.append(dict(inputs))
        return ["yes"] if inputs["on"] else ["no"]

    return spec(
        "Switch",
        lambda on, yes=None, no=None: (yes if on else no,),
        inputs="on",
        lazy="yes no",
        check_lazy=check,
    )


LAZY = {
    "1": ("Const", {"value": "Y"}),
    "2": ("Const", {"value": "N"}),
    "3": ("Switch", {"on": True, "yes": ["1", 0], "no": ["2", 0]}),
}


def test_only_the_lazy_input_asked_for_is_evaluated() -> None:
    asked: list[Any] = []
    kit = bench(switch(asked))
    result = kit.run(LAZY, keep=("3",))
    assert result.values["3"] == (["Y"],)
    assert result.executed == ("1", "3")
    assert asked == [{"on": True, "yes": None, "no": None}, {"on": True, "yes": "Y", "no": None}]
    assert len(kit.of(NodeStarted)) == 2


def test_a_lazy_check_that_asks_for_what_is_not_linked_fails() -> None:
    error = cause(
        bench(switch()),
        {"3": ("Switch", {"on": True}), "4": ("Show", {"value": ["3", 0]})},
        "4",
    )
    assert isinstance(error, LazyInputError)


def test_a_value_needed_by_a_lazy_branch_too_is_computed_once() -> None:
    kit = bench(switch(), cache=NoCache())
    prompt = {
        "0": ("Const", {"value": 1}),
        "1": ("Add", {"a": ["0", 0], "b": 5}),
        "3": ("Switch", {"on": ["0", 0], "yes": ["1", 0], "no": ["1", 0]}),
    }
    result = kit.run(prompt, keep=("3",))
    assert result.values["3"] == ([6],)
    assert result.executed == ("0", "1", "3")
