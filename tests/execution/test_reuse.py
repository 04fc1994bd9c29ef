"""What a run takes over from earlier ones instead of running it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from engine.cache.simple import LruCache
from engine.execution.events import NodeFinished, NodesCached
from engine.registry.spec import Hook, NodeSpec
from tests.execution.execution_kit import SHOWN, Files, bench, spec


def test_a_second_run_runs_nothing_and_shows_the_same() -> None:
    kit = bench()
    first = kit.run(SHOWN, "3")
    second = kit.run(SHOWN, "3")
    assert second.executed == ()
    assert second.outputs == first.outputs
    assert kit.of(NodesCached)[0].node_ids == ("1", "2", "3")
    assert [(e.node_id, e.cached, e.ui) for e in kit.of(NodeFinished)] == [
        ("3", True, {"text": [5]})
    ]


def test_the_reason_of_a_miss_is_given() -> None:
    kit = bench()
    kit.run(SHOWN, "3")
    kit.run({**SHOWN, "1": ("Const", {"value": 7})}, "3")
    assert kit.of(NodesCached)[0].reasons["1"].text == 'input "value" changed'


def test_a_miss_is_compared_with_the_last_run_that_reused_what_was_made_of_the_node() -> None:
    kit = bench(cache=LruCache(100))

    def prompt(a: int, b: int) -> dict[str, Any]:
        add = ("Add", {"a": a, "b": b})
        return {"1": add, "2": ("Add", {"a": ["1", 0], "b": 0}), "3": ("Show", {"value": ["2", 0]})}

    kit.run(prompt(1, 1), "3")
    kit.run(prompt(2, 1), "3")
    assert kit.run(prompt(1, 1), "3").executed == ()  # only node 3 was asked for
    kit.run(prompt(1, 5), "3")
    reasons = kit.of(NodesCached)[0].reasons
    assert reasons["1"].text == 'input "b" changed'
    assert reasons["2"].text == 'upstream node "1" changed'


def test_twins_run_once() -> None:
    kit = bench()
    prompt = {
        "1": ("Const", {"value": 1}),
        "2": ("Const", {"value": 1}),
        "3": ("Add", {"a": ["1", 0], "b": ["2", 0]}),
    }
    result = kit.run(prompt, keep=("3",))
    assert result.values["3"] == ([2],)
    assert len(result.executed) == 2


def changing(call: Any) -> NodeSpec:
    return spec(
        "Read",
        lambda name, x=None: (name,),
        inputs="name x",
        fingerprint=Hook(call, frozenset(), takes_all=True),
    )


def test_is_changed_sees_constants_only_and_joins_the_key() -> None:
    seen: list[Any] = []
    state = {"mark": 1}

    def is_changed(**given: Any) -> int:
        seen.append(given)
        return state["mark"]

    kit = bench(changing(is_changed))
    prompt = {"1": ("Const", {"value": 1}), "2": ("Read", {"name": "f", "x": ["1", 0]})}
    assert kit.run(prompt, keep=("2",)).executed == ("1", "2")
    assert kit.run(prompt, keep=("2",)).executed == ()
    state["mark"] = 2
    assert kit.run(prompt, keep=("2",)).executed == ("2",)
    assert seen[0] == {"name": "f", "x": None}


@pytest.mark.parametrize("hook", [lambda **given: math.nan, lambda: 1, lambda **given: 1 / 0])
def test_nan_and_errors_of_is_changed_mean_never_reused(hook: Any) -> None:
    kit = bench(changing(hook))
    prompt = {"2": ("Read", {"name": "f"}), "3": ("Show", {"value": ["2", 0]})}
    for _ in range(2):
        assert kit.run(prompt, "3").executed == ("2", "3")


def test_a_changed_file_runs_its_reader_again(tmp_path: Path) -> None:
    reader = spec(
        "File",
        lambda name: ((tmp_path / name).read_text(),),
        inputs="name",
        files=lambda literals, folders: [("input", literals["name"])],
    )
    kit = bench(reader, files=Files(tmp_path))
    prompt = {"1": ("File", {"name": "a.txt"})}
    (tmp_path / "a.txt").write_text("one")
    assert kit.value(prompt, "1") == ["one"]
    assert kit.run(prompt, keep=("1",)).executed == ()
    (tmp_path / "a.txt").write_text("two")
    assert kit.value(prompt, "1") == ["two"]
    (tmp_path / "a.txt").unlink()
    result = kit.run(prompt, keep=("1",))
    assert result.error is not None
    assert isinstance(result.error.__cause__, FileNotFoundError)
