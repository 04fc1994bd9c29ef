"""Properties of runs on random graphs, and that long graphs stay linear."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.simple import ClassicCache, NoCache
from engine.execution.events import NodeFinished
from tests.execution.execution_kit import CONST, SHOW, Bench, spec

MIX = spec(
    "Mix",
    lambda salt, a=0, b=0, c=0: ((salt + 3 * a + 5 * b + 7 * c) % 10_007,),
    inputs="salt a b c",
)
Prompt = dict[str, Any]


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Graphs of Mix nodes with distinct salts, ids in any order."""
    count = draw(st.integers(1, 14))
    prompt: Prompt = {}
    for index in range(count):
        chosen = draw(st.lists(st.integers(0, index - 1), max_size=3)) if index else []
        links = {name: [str(i), 0] for name, i in zip("abc", chosen, strict=False)}
        prompt[str(index)] = ("Mix", {"salt": index + 1, **links})
    return {node_id: prompt[node_id] for node_id in draw(st.permutations(list(prompt)))}


def naive(prompt: Prompt, node_id: str) -> int:
    inputs = prompt[node_id][1]
    a, b, c = (naive(prompt, inputs[n][0]) if n in inputs else 0 for n in "abc")
    return int((inputs["salt"] + 3 * a + 5 * b + 7 * c) % 10_007)


def ancestors(prompt: Prompt, node_id: str) -> set[str]:
    found = {node_id}
    for value in prompt[node_id][1].values():
        if isinstance(value, list):
            found |= ancestors(prompt, value[0])
    return found


@given(prompts(), st.data())
def test_each_needed_node_runs_once_after_its_inputs_without_a_cache_too(
    prompt: Prompt, data: st.DataObject
) -> None:
    targets = data.draw(st.lists(st.sampled_from(sorted(prompt)), min_size=1, unique=True))
    kit = Bench(MIX, cache=data.draw(st.sampled_from([NoCache, ClassicCache]))())
    result = kit.run(prompt, keep=tuple(targets))
    assert {t: result.values[t] for t in targets} == {t: ([naive(prompt, t)],) for t in targets}
    assert len(set(result.executed)) == len(result.executed)
    assert set(result.executed) == set().union(*(ancestors(prompt, t) for t in targets))
    place = {node_id: index for index, node_id in enumerate(result.executed)}
    for node_id in result.executed:
        sources = [v[0] for v in prompt[node_id][1].values() if isinstance(v, list)]
        assert all(place[source] < place[node_id] for source in sources)


@given(prompts(), st.data())
def test_an_edit_runs_exactly_what_is_downstream_of_it(prompt: Prompt, data: st.DataObject) -> None:
    kit = Bench(MIX)
    everything = tuple(prompt)
    kit.run(prompt, keep=everything)
    assert kit.run(prompt, keep=everything).executed == ()
    edited = data.draw(st.sampled_from(sorted(prompt)))
    changed = {**prompt, edited: ("Mix", {**prompt[edited][1], "salt": 999})}
    result = kit.run(changed, keep=everything)
    assert set(result.executed) == {n for n in prompt if edited in ancestors(prompt, n)}
    assert all(result.values[n] == ([naive(changed, n)],) for n in prompt)


@given(prompts(), st.data())
def test_a_node_that_expands_gives_what_the_node_itself_would(
    prompt: Prompt, data: st.DataObject
) -> None:
    expanding = data.draw(st.sets(st.sampled_from(sorted(prompt)), max_size=4))

    def split(salt: int, me: str, a: Any = 0, b: Any = 0, c: Any = 0) -> dict[str, Any]:
        inner = {"class_type": "Mix", "inputs": {"salt": salt, "a": a, "b": b, "c": c}}
        return {"result": ([f"{me}/1", 0],), "expand": {f"{me}/1": inner}}

    kit = Bench(MIX, spec("Split", split, inputs="salt me a b c"))
    mixed = {
        n: ("Split", {**inputs, "me": n}) if n in expanding else (kind, inputs)
        for n, (kind, inputs) in prompt.items()
    }
    result = kit.run(mixed, keep=tuple(mixed))
    assert all(result.values[n] == ([naive(prompt, n)],) for n in prompt)
    made = [e.ids for e in kit.of(NodeFinished) if e.ids.parent is not None]
    assert all(ids.real == ids.parent == ids.display for ids in made)


def chain(length: int) -> Prompt:
    prompt: Prompt = {"0": ("Const", {"value": 1})}
    prompt |= {str(i): ("Mix", {"salt": 1, "a": [str(i - 1), 0]}) for i in range(1, length)}
    return prompt


def test_a_chain_of_20_000_nodes_runs() -> None:
    kit = Bench(CONST, MIX)
    result = kit.run(chain(20_000), keep=("19999",))
    assert len(result.executed) == 20_000


def test_the_time_per_node_does_not_grow_with_the_graph() -> None:
    def per_node(length: int) -> float:
        kit = Bench(CONST, MIX, SHOW)
        prompt = chain(length)
        begun = time.process_time()
        kit.run(prompt, keep=(str(length - 1),))
        return (time.process_time() - begun) / length

    per_node(400)  # warm
    small = min(per_node(400) for _ in range(3))
    assert min(per_node(4000) for _ in range(2)) < 3 * small


def test_values_are_let_go_when_nobody_needs_them() -> None:
    alive: set[int] = set()
    most: list[int] = []

    class Big:
        def __init__(self) -> None:
            alive.add(id(self))
            most.append(len(alive))

        def __del__(self) -> None:
            alive.discard(id(self))

    kit = Bench(spec("Big", lambda x=None: (Big(),), inputs="x"), cache=NoCache())
    prompt = {str(i): ("Big", {"x": [str(i - 1), 0]} if i else {}) for i in range(30)}
    kit.run(prompt, keep=("29",))
    assert max(most) <= 4
