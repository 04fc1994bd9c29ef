from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.keys import NodeKey, node_key
from engine.graph.model import Link, Node
from tests.cache.cache_samples import JSON_SCALARS, make_spec
from tests.work_count import lines_run


def key_of(
    inputs: dict[str, Any], upstream: dict[str, NodeKey] | None = None, **changes: Any
) -> NodeKey:
    node_id, title = changes.pop("node_id", "1"), changes.pop("title", None)
    spec = make_spec(changes.pop("type", "Blur"), changes.pop("version", "1"))
    arguments: dict[str, Any] = {
        "change": None,
        "files": {},
        "environment": "cpu",
        "node_id_matters": False,
        **changes,
    }
    return node_key(Node(node_id, spec.type_id, inputs, title), spec, upstream or {}, **arguments)


def test_ids_titles_and_input_order_do_not_matter() -> None:
    assert key_of({"a": 1, "b": 2}).digest == key_of({"b": 2, "a": 1}).digest
    assert key_of({}, node_id="9", title="mine").digest == key_of({}).digest


def test_the_id_matters_where_the_type_says_so() -> None:
    first, second = (key_of({}, node_id=i, node_id_matters=True) for i in "12")
    assert first.digest != second.digest


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Sharpen"},
        {"version": "2"},
        {"environment": "cuda fp16"},
        {"change": "x"},
        {"change": 0},
        {"files": {"a.safetensors": "00"}},
        {"node_id_matters": True},
    ],
    ids=str,
)
def test_whatever_may_change_the_result_changes_the_key(change: dict[str, Any]) -> None:
    assert key_of({"a": 1}, **change).digest != key_of({"a": 1}).digest


@given(JSON_SCALARS, JSON_SCALARS)
def test_literals_share_a_key_only_when_they_are_the_same(left: Any, right: Any) -> None:
    equal = type(left) is type(right) and repr(left) == repr(right)
    assert (key_of({"x": left}).digest == key_of({"x": right}).digest) == equal


@pytest.mark.parametrize(
    "value", [["1", 0], ("ab", 0), {"a": 1}, 2**70, "\ud800", [], {}, {"digest": "x"}], ids=repr
)
def test_unusual_literals_have_keys_of_their_own(value: Any) -> None:
    others = [1, "1", None, ["ab"], [0, "1"], 2**71, "\ud801"]
    assert key_of({"x": value}).digest == key_of({"x": value}).digest
    assert key_of({"x": value}).digest not in {key_of({"x": other}).digest for other in others}


def test_a_list_that_looks_like_a_link_is_not_one() -> None:
    upstream = {"1": key_of({})}
    link = key_of({"x": Link("1", 0)}, upstream).digest
    assert link != key_of({"x": [upstream["1"].digest, 0]}, upstream).digest
    assert link != key_of({"x": ["1", 0]}, upstream).digest


def test_a_link_joins_by_the_upstream_key_and_slot() -> None:
    upstream = {"1": key_of({"s": 1}), "2": key_of({"s": 1}), "3": key_of({"s": 2})}
    by_first = key_of({"x": Link("1", 0)}, upstream).digest
    assert key_of({"x": Link("2", 0)}, upstream).digest == by_first
    assert key_of({"x": Link("1", 1)}, upstream).digest != by_first
    assert key_of({"x": Link("3", 0)}, upstream).digest != by_first


@pytest.mark.parametrize(
    "change", [math.nan, [1, math.nan], object()], ids=["nan", "inside", "object"]
)
def test_an_unstable_is_changed_result_is_never_reused(change: object) -> None:
    key = key_of({}, change=change)
    assert key.digest is None
    assert key.unstable.startswith("IS_CHANGED gave")


def test_what_is_never_reused_makes_everything_downstream_so() -> None:
    keys = {"1": key_of({"x": math.nan}, node_id="1")}
    for i in range(2, 5):
        keys[str(i)] = key_of({"x": Link(str(i - 1), 0)}, keys, node_id=str(i))
    assert all(key.digest is None for key in keys.values())
    assert keys["1"].unstable == 'input "x" has no stable value: it is NaN'
    assert keys["4"].unstable == 'upstream node "3" is never reused'


def test_a_link_to_a_node_without_key_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match='node "1", input "x": "7" has no key'):
        key_of({"x": Link("7", 0)})


def sampled_graph(seed: int, size: int) -> list[Node]:
    """Return a random DAG in order of execution."""
    choose = random.Random(seed)
    nodes: list[Node] = []
    for i in range(size):
        inputs: dict[str, Any] = {"seed": choose.randrange(9), "cfg": 7.5, "name": "euler"}
        for name in ("model", "latent")[: min(i, 2)]:
            inputs[name] = Link(str(choose.randrange(i)), choose.randrange(3))
        nodes.append(Node(str(i), "Blur", inputs))
    return nodes


def keys_of(nodes: list[Node]) -> dict[str, NodeKey]:
    spec = make_spec()
    keys: dict[str, NodeKey] = {}
    for node in nodes:
        keys[node.id] = node_key(
            node, spec, keys, change=None, files={}, environment="", node_id_matters=False
        )
    return keys


@given(st.integers(), st.data())
def test_a_change_reaches_its_descendants_and_nobody_else(seed: int, data: st.DataObject) -> None:
    nodes = sampled_graph(seed, 12)
    changed = data.draw(st.integers(0, 11))
    edited = list(nodes)
    edited[changed] = Node(str(changed), "Blur", {**nodes[changed].inputs, "seed": 99})
    reached = {str(changed)}
    for node in nodes[changed + 1 :]:
        if any(link.source in reached for _, link in node.links()):
            reached.add(node.id)
    before, after = keys_of(nodes), keys_of(edited)
    assert {i for i in before if before[i].digest != after[i].digest} == reached


@given(st.integers(), st.randoms())
def test_a_renumbered_graph_has_the_same_keys(seed: int, choose: random.Random) -> None:
    nodes = sampled_graph(seed, 10)
    names = [f"n{i}" for i in range(10)]
    choose.shuffle(names)

    def renamed(value: Any) -> Any:
        return Link(names[int(value.source)], value.slot) if isinstance(value, Link) else value

    moved = [
        Node(names[int(node.id)], "Blur", {k: renamed(v) for k, v in node.inputs.items()})
        for node in nodes
    ]
    before, after = keys_of(nodes), keys_of(moved)
    assert [key.digest for key in before.values()] == [key.digest for key in after.values()]


@pytest.mark.e2e
def test_other_processes_make_the_same_keys_whatever_their_hash_seed() -> None:
    code = (
        "import json; from tests.cache.test_keys import keys_of, sampled_graph;"
        "print(json.dumps([key.digest for key in keys_of(sampled_graph(5, 30)).values()]))"
    )
    expected = [key.digest for key in keys_of(sampled_graph(5, 30)).values()]
    environment = {**os.environ, "PYTHONHASHSEED": "977", "PYTHONPATH": os.curdir}
    answer = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert json.loads(answer) == expected


def test_the_layout_of_keys_is_pinned() -> None:
    # A digest that changes here silently empties every artist's disk cache.
    key = key_of({"a": 1, "b": 1.0, "c": "x", "d": [1, None]}, files={"f": "00"}, change="c")
    assert key.digest == "2157c9a4bcecbbf5328a156de42e712e770a298c878936fccf0eb4777b36d3d3"


def test_work_per_key_does_not_grow_with_the_graph() -> None:
    chains = [
        [Node("0", "Blur", {"seed": 0})]
        + [Node(str(i), "Blur", {"x": Link(str(i - 1), 0), "seed": i}) for i in range(1, size)]
        for size in (1_000, 10_000)
    ]
    small, large = (lines_run(lambda chain=chain: keys_of(chain)) for chain in chains)  # type: ignore[misc]
    assert large < 11 * small
