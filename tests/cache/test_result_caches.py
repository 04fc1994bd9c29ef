from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from engine.cache.factory import make_cache
from engine.cache.keys import LinkPart, NodeKey
from engine.cache.store import Entry, ResultCache
from tests.cache.cache_samples import Weights, make_entry, make_key

BIG = 10**9


class CacheContract:
    """What every kind of cache does; each class below runs it against one kind."""

    keeps_entries = True

    def make(self) -> ResultCache:
        raise NotImplementedError

    @pytest.fixture
    def cache(self) -> Iterator[ResultCache]:
        cache = self.make()
        yield cache
        cache.close()

    def run(self, cache: ResultCache, keys: dict[str, NodeKey]) -> list[str]:
        """Run a prompt: put what is not found; return the ids that had to run."""
        cache.begin(keys)
        ran = []
        for node_id, key in keys.items():
            if cache.get(node_id, key) is None:
                ran.append(node_id)
                cache.put(node_id, key, make_entry())
        cache.end()
        return ran

    def test_the_same_prompt_again_runs_nothing(self, cache: ResultCache) -> None:
        keys = {i: make_key(i) for i in "abc"}
        assert self.run(cache, keys) == ["a", "b", "c"]
        assert self.run(cache, keys) == ([] if self.keeps_entries else ["a", "b", "c"])

    def test_only_what_changed_runs(self, cache: ResultCache) -> None:
        self.run(cache, {"a": make_key("a"), "b": make_key("b", seed=1)})
        ran = self.run(cache, {"a": make_key("a"), "b": make_key("b", seed=2)})
        assert ran == (["b"] if self.keeps_entries else ["a", "b"])

    def test_an_entry_comes_back_as_it_was_put(self, cache: ResultCache) -> None:
        entry = Entry(([torch.ones(3)], [1, "x"]), {"images": [{"a": 1}]}, 2.5)
        cache.begin({"a": make_key("a")})
        cache.put("a", make_key("a"), entry)
        assert cache.get("a", make_key("a")) is entry

    def test_a_result_stays_until_it_is_released(self, cache: ResultCache) -> None:
        key = NodeKey(None, "Blur", unstable="IS_CHANGED gave NaN")
        cache.begin({"a": key})
        cache.put("a", key, make_entry())
        assert cache.get("a", key) is not None
        cache.release("a")
        assert cache.get("a", key) is None
        cache.release("a")

    def test_a_key_without_digest_is_never_reused_in_another_run(self, cache: ResultCache) -> None:
        keys = {"a": NodeKey(None, "Blur", unstable="IS_CHANGED gave NaN")}
        assert self.run(cache, keys) == ["a"]
        assert self.run(cache, keys) == ["a"]
        assert cache.explain("a", keys["a"]).text == "never reused: IS_CHANGED gave NaN"

    def test_another_key_under_the_same_id_misses(self, cache: ResultCache) -> None:
        cache.begin({})
        cache.put("a", make_key("a", seed=1), make_entry())
        assert cache.get("a", make_key("a", seed=2)) is None

    def test_the_first_miss_says_so(self, cache: ResultCache) -> None:
        key = make_key("a")
        cache.begin({"a": key})
        assert cache.get("a", key) is None
        cache.put("a", key, make_entry())
        reason = cache.explain("a", key)
        assert (reason.hit, reason.text, reason.tier) == (False, "no earlier result is kept", None)

    def test_a_miss_names_what_changed(self, cache: ResultCache) -> None:
        first = {"a": make_key("a", seed=1, steps=20)}
        self.run(cache, first)
        second = make_key("a", seed=2, steps=20)
        cache.begin({"a": second})
        assert cache.get("a", second) is None
        assert cache.explain("a", second).text == 'input "seed" changed'

    def test_report_counts_lookups_once_per_node_and_run(self, cache: ResultCache) -> None:
        keys = {"a": make_key("a"), "b": make_key("b")}
        self.run(cache, keys)
        self.run(cache, keys)
        report = cache.report()
        expected = (2, 2, 2.0) if self.keeps_entries else (0, 4, 0.0)
        assert (report.hits, report.misses, report.seconds_saved) == expected

    def test_clear_and_free_memory_forget_everything(self, cache: ResultCache) -> None:
        keys = {i: make_key(i) for i in "abc"}
        for forget in (cache.clear, cache.free_memory):
            self.run(cache, keys)
            forget()
            assert all(tier.entries == 0 for tier in cache.report().tiers.values())
            assert self.run(cache, keys) == ["a", "b", "c"]

    def test_freeing_memory_leaves_what_the_run_still_uses(self, cache: ResultCache) -> None:
        cache.begin({"a": make_key("a")})
        cache.put("a", make_key("a"), make_entry())
        cache.free_memory()
        assert cache.get("a", make_key("a")) is not None

    def test_a_node_that_ran_again_replaces_its_entry(self, cache: ResultCache) -> None:
        key = make_key("a")
        for fill in (1.0, 2.0):
            cache.begin({"a": key})
            cache.put("a", key, make_entry(fill=fill))
            cache.end()
        cache.begin({"a": key})
        found = cache.get("a", key)
        assert (found is None) == (not self.keeps_entries)
        assert found is None or found.outputs[0][0][0] == 2.0

    def test_time_per_node_does_not_grow_with_the_prompt(self, cache: ResultCache) -> None:
        keys = {str(i): make_key(i) for i in range(4000)}
        small = dict(list(keys.items())[:400])
        for prompt in (small, keys):
            self.run(cache, prompt)
        seconds = [min(self.timed(cache, prompt) for _ in range(3)) for prompt in (small, keys)]
        assert seconds[1] / seconds[0] < 40  # linear is 10, quadratic 100

    def timed(self, cache: ResultCache, keys: dict[str, NodeKey]) -> float:
        started = time.process_time()
        cache.begin(keys)
        for node_id, key in keys.items():
            cache.get(node_id, key)
        cache.end()
        return time.process_time() - started

    def test_threads_may_share_it(self, cache: ResultCache) -> None:
        keys = {str(i): make_key(i) for i in range(200)}
        cache.begin(keys)
        failures: list[str] = []

        def work(ids: list[str]) -> None:
            for node_id in ids:
                cache.put(node_id, keys[node_id], make_entry(floats=8))
                if cache.get(node_id, keys[node_id]) is None:
                    failures.append(node_id)

        threads = [threading.Thread(target=work, args=(list(keys)[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures


class TestCostCache(CacheContract):
    def make(self) -> ResultCache:
        return make_cache("cost", ram_bytes=BIG, device_bytes=BIG)


class TestClassicCache(CacheContract):
    def make(self) -> ResultCache:
        return make_cache("classic", ram_bytes=BIG, device_bytes=BIG)

    def test_the_next_prompt_drops_what_it_does_not_need(self, cache: ResultCache) -> None:
        self.run(cache, {"a": make_key("a"), "b": make_key("b")})
        cache.begin({"b": make_key("b")})
        assert cache.report().tiers["ram"].entries == 1
        cache.end()
        assert self.run(cache, {"a": make_key("a"), "b": make_key("b")}) == ["a"]
        self.run(cache, {})
        reason = cache.explain("a", make_key("a"))
        assert reason.text == "evicted (a prompt in between did not need it)"

    def test_expanded_nodes_stay_while_runs_need_them(self, cache: ResultCache) -> None:
        for expected in (False, True):
            cache.begin({"loop": make_key("loop")})
            found = cache.get("loop.0.0.1", make_key("body"))
            assert (found is not None) == expected
            if found is None:
                cache.put("loop.0.0.1", make_key("body"), make_entry())
            cache.end()
        self.run(cache, {"other": make_key("other")})
        assert cache.get("loop.0.0.1", make_key("body")) is None


class TestLruCache(CacheContract):
    def make(self) -> ResultCache:
        return make_cache("lru", lru=3, ram_bytes=BIG, device_bytes=BIG)

    def test_what_was_used_longest_ago_goes_first(self, cache: ResultCache) -> None:
        for name in "abc":
            self.run(cache, {name: make_key(name)})
        self.run(cache, {"a": make_key("a")})
        self.run(cache, {"d": make_key("d")})
        assert cache.explain("b", make_key("b")).text == "evicted (only 3 entries are kept)"
        assert cache.explain("a", make_key("a")).hit
        assert cache.report().tiers["ram"].entries == 3

    def test_a_prompt_larger_than_the_cache_keeps_its_last_entries(
        self, cache: ResultCache
    ) -> None:
        keys = {i: make_key(i) for i in "abcde"}
        self.run(cache, keys)
        assert cache.report().tiers["ram"].entries == 3
        assert self.run(cache, keys) == ["a", "b"]


class TestNoCache(CacheContract):
    keeps_entries = False

    def make(self) -> ResultCache:
        return make_cache("none", ram_bytes=BIG, device_bytes=BIG)

    def test_an_unchanged_node_misses_because_nothing_is_kept(self, cache: ResultCache) -> None:
        self.run(cache, {"a": make_key("a")})
        cache.begin({"a": make_key("a")})
        reason = cache.explain("a", make_key("a"))
        assert reason.text == "its last result was not kept"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"version": "2"}, "node version changed"),
        ({"inputs": {"seed": 2, "model": LinkPart("3", "aa", 0)}}, 'input "seed" changed'),
        ({"inputs": {"seed": 1.0, "model": LinkPart("3", "aa", 0)}}, 'input "seed" changed'),
        ({"inputs": {"seed": 1, "model": LinkPart("3", "bb", 0)}}, 'upstream node "3" changed'),
        (
            {"inputs": {"seed": 1, "model": LinkPart("4", "bb", 0)}},
            'input "model" is linked to another node',
        ),
        ({"inputs": {"seed": 1}}, 'input "model" was removed'),
        (
            {"inputs": {"seed": 1, "model": LinkPart("3", "aa", 0), "x": 0}},
            'input "x" is new',
        ),
        ({"files": {"sd15.safetensors": "1"}}, 'file "sd15.safetensors" changed'),
        ({"change": "0"}, "IS_CHANGED gave another value"),
        ({"environment": "cuda"}, "device or number format changed"),
        ({"type": "Other"}, "no earlier result is kept"),
        ({}, "its last result was not kept"),
        (
            {"version": "2", "inputs": {}, "environment": "cuda", "change": "1"},
            'node version changed, input "model" was removed, input "seed" was removed, and 2 more',
        ),
    ],
)
def test_every_cause_of_a_miss_has_its_words(changed: dict[str, Any], text: str) -> None:
    cache = make_cache("none", ram_bytes=0, device_bytes=0)
    inputs: dict[str, Any] = {"seed": 1, "model": LinkPart("3", "aa", 0)}
    before = NodeKey("old", "Blur", "1", inputs, {"sd15.safetensors": "0"}, None, "cpu")
    fields = {name: getattr(before, name) for name in ("type", "version", "inputs", "files")}
    after = NodeKey(**{**fields, "digest": "new", "environment": "cpu", **changed})
    cache.begin({"a": before})
    cache.put("a", before, make_entry())
    cache.end()
    assert cache.explain("a", after).text == text


def test_bounds_and_counts_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make_cache("lru", lru=0, ram_bytes=0, device_bytes=0)
    with pytest.raises(ValueError, match="at least 0"):
        make_cache("cost", ram_bytes=-1, device_bytes=0)


def test_models_are_held_by_every_cache_that_keeps_entries() -> None:
    for kind in ("cost", "classic", "lru"):
        cache = make_cache(kind, lru=1, ram_bytes=10, device_bytes=0)
        key = make_key("model")
        entry = Entry(([Weights(1000)],), seconds=3.0)
        cache.begin({"m": key})
        cache.put("m", key, entry)
        cache.end()
        cache.begin({"m": key})
        assert cache.get("m", key) is entry
