from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.policy import GreedyDual, worth


def popped(policy: GreedyDual[str]) -> list[str]:
    order = []
    while (found := policy.pop()) is not None:
        order.append(found[0])
    return order


def test_what_saves_least_per_byte_goes_first() -> None:
    policy: GreedyDual[str] = GreedyDual()
    policy.add("dear and large", seconds=10, size_bytes=1000)
    policy.add("cheap and large", seconds=1, size_bytes=1000)
    policy.add("cheap and small", seconds=1, size_bytes=10)
    assert popped(policy) == ["cheap and large", "dear and large", "cheap and small"]


def test_use_makes_an_entry_worth_more() -> None:
    policy: GreedyDual[str] = GreedyDual()
    policy.add("used", seconds=1, size_bytes=100)
    policy.add("dearer", seconds=2, size_bytes=100)
    for _ in range(2):
        policy.touch("used")
    assert popped(policy) == ["dearer", "used"]


def test_among_equals_the_oldest_goes_first() -> None:
    policy: GreedyDual[str] = GreedyDual()
    for name in "abc":
        policy.add(name, 1, 1)
    assert popped(policy) == ["a", "b", "c"]


def test_what_was_dear_once_ages_away() -> None:
    policy: GreedyDual[str] = GreedyDual()
    policy.add("old treasure", seconds=50, size_bytes=1)
    for i in range(200):
        policy.add(f"new {i}", seconds=1, size_bytes=1)
        found = policy.pop()
        if found is not None and found[0] == "old treasure":
            break
    assert 40 < i < 60


def test_kept_entries_are_passed_over_and_stay() -> None:
    policy: GreedyDual[str] = GreedyDual()
    policy.add("pinned", 1, 1)
    policy.add("other", 5, 1)
    assert policy.pop(keep={"pinned"}) == ("other", 1)
    assert policy.pop(keep={"pinned"}) is None
    assert policy.pop() == ("pinned", 1)


def test_time_and_size_out_of_range_are_worth_nothing_special() -> None:
    assert worth(-1, 1, 10) == 0
    assert worth(1, 1, 0) == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "touch", "remove", "pop"]),
            st.sampled_from("abcdef"),
            st.integers(0, 9),
            st.integers(1, 9),
        ),
        max_size=60,
    )
)
def test_the_heap_agrees_with_a_plain_list(steps: list[tuple[str, str, int, int]]) -> None:
    policy: GreedyDual[str] = GreedyDual()
    model: dict[str, tuple[float, int, int, int, int]] = {}  # priority, serial, uses, seconds, size
    age = 0.0
    for serial, (verb, key, seconds, size) in enumerate(steps):
        if verb == "add":
            policy.add(key, seconds, size)
            model[key] = age + worth(seconds, 1, size), serial, 1, seconds, size
        elif verb == "touch" and key in model:
            policy.touch(key)
            _, added, uses, seconds, size = model[key]
            model[key] = age + worth(seconds, uses + 1, size), added, uses + 1, seconds, size
        elif verb == "remove" and key in model:
            assert policy.remove(key) == model.pop(key)[2]
        elif verb == "pop":
            least = min(model, key=lambda name: model[name][:2], default=None)
            found = policy.pop()
            assert (found[0] if found else None) == least
            age = max(age, model.pop(least)[0]) if least is not None else age
        assert set(policy) == set(model)
