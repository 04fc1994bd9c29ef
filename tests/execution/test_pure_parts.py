"""Planning, scheduling and retention, without nodes."""

from __future__ import annotations

import pytest

from engine.execution.errors import DependencyCycleError
from engine.execution.plan import Retention, make_plan, upstream_order
from engine.execution.schedule import Schedule

LINKS = {"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": []}


def test_a_found_node_hides_its_ancestors_unless_another_needs_them() -> None:
    plan = make_plan(["d"], LINKS.__getitem__, {"b"}.__contains__, lambda n: False)
    assert plan.steps == {"d": ("b", "c"), "c": ("a",), "a": ()}
    assert plan.reused == ["b"]
    plan = make_plan(["d"], LINKS.__getitem__, {"b", "c"}.__contains__, lambda n: False)
    assert plan.steps == {"d": ("b", "c")}


def test_what_is_known_is_not_planned_again() -> None:
    plan = make_plan(["d"], LINKS.__getitem__, lambda n: False, {"b", "c"}.__contains__)
    assert plan.steps == {"d": ("b", "c")}


def test_upstream_order_puts_sources_first_and_names_circles() -> None:
    order = upstream_order(["d"], LINKS.__getitem__)
    assert order.index("a") < order.index("b") < order.index("d")
    assert upstream_order(["d"], LINKS.__getitem__, known={"b", "c"}) == ["d"]
    with pytest.raises(DependencyCycleError) as caught:
        upstream_order(["x"], {"x": ["y"], "y": ["x"]}.__getitem__)
    assert set(caught.value.node_ids) == {"x", "y"}


def test_the_schedule_gives_the_best_rank_then_the_oldest() -> None:
    schedule = Schedule()
    for name, rank in (("old", 3), ("new", 3), ("best", 0)):
        schedule.add(name, (), rank)
    assert [schedule.pop() for _ in range(4)] == ["best", "old", "new", None]
    assert list(schedule) == ["old", "new", "best"]


def test_a_node_is_ready_when_all_it_waits_for_is_done() -> None:
    schedule = Schedule()
    schedule.add("c", ("a", "b", "a"), 0)
    schedule.add("a", (), 0)
    schedule.add("b", (), 0)
    assert [schedule.pop(), schedule.pop()] == ["a", "b"]
    schedule.done("a")
    assert schedule.pop() is None
    schedule.done("b")
    assert schedule.pop() == "c"
    schedule.add("late", (), 0)
    schedule.wait("c", ("late",))
    schedule.done("late")
    with pytest.raises(ValueError, match="there already"):
        schedule.add("c", (), 0)


def test_a_result_is_kept_until_the_last_who_may_ask_is_settled() -> None:
    retention = Retention()
    retention.add(LINKS)
    running = {"d", "c", "b", "a"}
    assert retention.settle(["a"], running) == []
    assert retention.settle(["b"], running) == []
    assert retention.settle(["c"], running) == ["a"]
    assert sorted(retention.settle(["d"], running)) == ["b", "c", "d"]


def test_settling_a_node_settles_what_only_it_could_ask_for() -> None:
    retention = Retention()
    retention.add(LINKS)
    retention.settle(["d"], running=set())
    assert not any(node_id in retention for node_id in LINKS)
