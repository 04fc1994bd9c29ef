from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.cache.cost import CostCache
from engine.cache.disk import DiskTier
from engine.cache.keys import NodeKey
from engine.cache.store import Entry
from engine.types import Ui
from tests.cache.cache_samples import Weights, make_entry, make_key


class FakeDevice:
    """Pretends that tensors it has seen moved there are on an accelerator."""

    def __init__(self) -> None:
        self.tensors: dict[int, torch.Tensor] = {}
        self.moves: list[str] = []

    def put(self, tensor: torch.Tensor) -> torch.Tensor:
        self.tensors[tensor.data_ptr()] = tensor  # kept alive, so addresses stay unique
        return tensor

    def where(self, tensor: torch.Tensor) -> str:
        return "cuda:0" if tensor.data_ptr() in self.tensors else "cpu"

    def move(self, tensor: torch.Tensor, device: str) -> torch.Tensor:
        self.moves.append(device)
        copy = tensor.clone()
        return copy if device == "cpu" else self.put(copy)


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


def put(cache: CostCache, name: str, entry: Entry) -> NodeKey:
    key = make_key(name)
    cache.put(name, key, entry)
    cache.release(name)
    return key


def tiers(cache: CostCache) -> dict[str, int]:
    return {name: tier.entries for name, tier in cache.report().tiers.items()}


def test_what_is_worth_least_per_byte_leaves_ram() -> None:
    cache = CostCache(ram_bytes=10_000, device_bytes=0)
    put(cache, "dear", make_entry(seconds=30, floats=1000))
    put(cache, "cheap", make_entry(seconds=0.001, floats=1000))
    put(cache, "new", make_entry(seconds=1, floats=1000))
    assert cache.explain("dear", make_key("dear")).hit
    assert cache.explain("new", make_key("new")).hit
    assert cache.explain("cheap", make_key("cheap")).text == "evicted (RAM for results was full)"
    assert cache.report().evictions == 1


def test_an_entry_larger_than_ram_is_not_kept() -> None:
    cache = CostCache(ram_bytes=1000, device_bytes=0)
    put(cache, "large", make_entry(seconds=100, floats=1000))
    assert tiers(cache)["ram"] == 0


def test_a_hit_says_where_how_much_and_how_long() -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=0)
    put(cache, "a", make_entry(seconds=7, floats=1000))
    cache.begin({})
    cache.get("a", make_key("a"))
    reason = cache.explain("a", make_key("a"))
    assert (reason.hit, reason.text, reason.tier, reason.seconds) == (True, "in RAM", "ram", 7)
    assert 4000 <= reason.bytes < 5000
    assert cache.report().seconds_saved == 7


def test_tensors_leave_a_full_device_for_ram_and_come_back(device: FakeDevice) -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=6000, where=device.where, move=device.move)
    values = [device.put(torch.full((1000,), float(i))) for i in range(2)]
    for i, value in enumerate(values):
        entry = Entry(([value], [{"also": torch.zeros(5), "n": 1}]), seconds=1.0 + i)
        put(cache, str(i), entry)
    assert (tiers(cache)["device"], tiers(cache)["ram"]) == (1, 1)
    assert cache.explain("0", make_key("0")).tier == "ram"

    cache.begin({})
    found = cache.get("0", make_key("0"))
    assert found is not None
    assert device.where(found.outputs[0][0]) == "cuda:0"
    assert device.where(found.outputs[1][0]["also"]) == "cpu"
    assert torch.equal(found.outputs[0][0], torch.zeros(1000))
    assert (tiers(cache)["device"], tiers(cache)["ram"]) == (1, 1)
    assert cache.explain("1", make_key("1")).tier == "ram"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_device_is_left_and_returned_to(disk: DiskTier) -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=6000, disk=disk)
    for i in range(2):
        value = torch.full((1000,), float(i), device="cuda")
        put(cache, str(i), Entry(([value],), seconds=1.0 + i))
    assert (tiers(cache)["device"], tiers(cache)["ram"]) == (1, 1)
    disk.flush()
    for tier in ("ram", "disk"):
        cache.begin({})
        assert cache.explain("0", make_key("0")).tier == tier
        found = cache.get("0", make_key("0"))
        assert found is not None
        assert torch.equal(found.outputs[0][0], torch.zeros(1000, device="cuda"))
        cache.free_memory()


def test_what_cannot_be_moved_is_dropped_by_a_full_device(device: FakeDevice) -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=10, where=device.where, move=device.move)
    put(cache, "a", Entry(([device.put(torch.zeros(100)), object()],), seconds=1))
    assert cache.explain("a", make_key("a")).text == "evicted (the device was full)"
    assert device.moves == []


def test_a_device_out_of_memory_gives_up_its_other_entries(device: FakeDevice) -> None:
    failures = [torch.OutOfMemoryError("full")]

    def move(tensor: torch.Tensor, target: str) -> torch.Tensor:
        if target != "cpu" and failures:
            raise failures.pop()
        return device.move(tensor, target)

    cache = CostCache(ram_bytes=10**6, device_bytes=6000, where=device.where, move=move)
    for name in "ab":
        put(cache, name, Entry(([device.put(torch.zeros(1000))],), seconds=1))
    cache.begin({})
    assert cache.get("a", make_key("a")) is not None
    assert cache.explain("b", make_key("b")).text == "evicted (the device ran out of memory)"


def test_freeing_memory_moves_nothing(device: FakeDevice) -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=10**6, where=device.where, move=device.move)
    put(cache, "a", Entry(([device.put(torch.zeros(1000))],), seconds=1))
    put(cache, "b", make_entry())
    cache.free_memory()
    assert device.moves == []
    assert set(tiers(cache).values()) == {0}


def test_models_of_the_current_prompt_stay_whatever_their_size() -> None:
    cache = CostCache(ram_bytes=10_000, device_bytes=0)
    models = {name: make_key(name) for name in ("one", "two")}
    for name, key in models.items():
        cache.begin({name: key})
        cache.put(name, key, Entry(([Weights(5000)],), seconds=3))
        put(cache, f"text of {name}", make_entry(floats=100))
        cache.end()
        cache.begin({name: key})
        assert cache.get(name, key) is not None
        cache.end()
    assert tiers(cache) == {"device": 0, "ram": 2, "models": 1}
    assert cache.explain("one", models["one"]).text == "evicted (memory for models was full)"


def test_models_that_fit_together_stay_together() -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=0)
    for name in ("one", "two"):
        key = make_key(name)
        cache.begin({name: key})
        cache.put(name, key, Entry(([Weights(5000)],), seconds=3))
        cache.end()
    assert tiers(cache)["models"] == 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DiskTier]:
    tier = DiskTier(tmp_path / "results", 10**6)
    yield tier
    tier.close()


def test_what_left_ram_comes_back_from_disk(disk: DiskTier) -> None:
    cache = CostCache(ram_bytes=6000, device_bytes=0, disk=disk)
    for i, name in enumerate("ab"):
        put(cache, name, make_entry(seconds=5 + i, fill=float(i)))
    disk.flush()
    cache.begin({})
    assert cache.explain("a", make_key("a")).tier == "disk"
    found = cache.get("a", make_key("a"))
    assert found is not None
    assert torch.equal(found.outputs[0][0], torch.zeros(1000))
    assert found.seconds == 5
    assert cache.explain("a", make_key("a")).text == "on disk"


def test_what_a_node_shows_is_stored_with_its_values(disk: DiskTier) -> None:
    cache = CostCache(ram_bytes=0, device_bytes=0, disk=disk)
    put(cache, "a", Entry(([1, "x"],), Ui({"text": ["shown"]}), seconds=5))
    disk.flush()
    cache.begin({})
    assert cache.get("a", make_key("a")) == Entry(([1, "x"],), {"text": ["shown"]}, 5)


class DiskWithDeviceEntry:
    """Holds one entry whose first tensor was on a device."""

    max_bytes = 10**6
    entry = Entry(([torch.zeros(10)], [torch.ones(10)]), seconds=5)

    def peek(self, digest: str) -> tuple[float, int]:
        return 5.0, 80

    def get(self, digest: str) -> tuple[Entry, tuple[str, ...]]:
        return self.entry, ("cuda:0", "cpu")

    def touch(self, digest: str) -> None:
        pass


def test_what_was_on_the_device_returns_to_it_from_disk(device: FakeDevice) -> None:
    disk = cast("DiskTier", DiskWithDeviceEntry())
    cache = CostCache(
        ram_bytes=10**6, device_bytes=10**6, disk=disk, where=device.where, move=device.move
    )
    cache.begin({})
    found = cache.get("a", make_key("a"))
    assert found is not None
    assert [device.where(slot[0]) for slot in found.outputs] == ["cuda:0", "cpu"]
    cache.begin({})
    assert cache.explain("a", make_key("a")).text == "on the device"


@pytest.mark.parametrize("damage", [b"", b"GIF89a", b"TESSRES1" + bytes(48)])
def test_a_damaged_entry_on_disk_is_a_miss_and_removed(
    disk: DiskTier, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    first = CostCache(ram_bytes=0, device_bytes=0, disk=disk)
    put(first, "a", make_entry(seconds=5))
    disk.flush()
    (path,) = (tmp_path / "results").glob("??/*")
    path.write_bytes(damage)
    first.begin({})
    assert first.get("a", make_key("a")) is None
    assert not path.exists()
    put(first, "a", make_entry(seconds=5))
    disk.flush()
    assert first.get("a", make_key("a")) is not None


@pytest.mark.parametrize(
    ("entry", "storable"),
    [
        (make_entry(seconds=0.001), True),
        (make_entry(seconds=5), False),
        (Entry(([Weights(10)],), seconds=5), True),
        (Entry(([object()],), seconds=5), True),
        (make_entry(seconds=5, floats=10**6), True),
    ],
    ids=["trivial", "side effect", "weights", "object", "larger than the disk"],
)
def test_what_does_not_belong_on_disk_stays_off_it(
    disk: DiskTier, entry: Entry, storable: bool
) -> None:
    cache = CostCache(ram_bytes=10**9, device_bytes=0, disk=disk)
    cache.put("a", make_key("a"), entry, storable=storable)
    disk.flush()
    assert disk.size() == (0, 0)


def test_clear_empties_the_disk_and_free_memory_does_not(disk: DiskTier) -> None:
    cache = CostCache(ram_bytes=10**6, device_bytes=0, disk=disk)
    put(cache, "a", make_entry(seconds=5))
    disk.flush()
    cache.free_memory()
    assert cache.explain("a", make_key("a")).tier == "disk"
    cache.clear()
    assert not cache.explain("a", make_key("a")).hit


def test_thousands_of_entries_stay_within_the_bound() -> None:
    cache = CostCache(ram_bytes=100_000, device_bytes=0)
    for i in range(3000):
        put(cache, str(i), make_entry(seconds=1 + i % 7, floats=10 + i % 90))
        assert cache.report().tiers["ram"].bytes <= 100_000
    report = cache.report()
    assert report.evictions + report.tiers["ram"].entries == 3000
    assert report.tiers["ram"].bytes > 90_000


class StoreAgainstDict(RuleBasedStateMachine):
    """Any sequence of calls: what is found is what was put last, and the bounds hold."""

    NAMES = st.sampled_from([f"n{i}" for i in range(8)])

    def __init__(self) -> None:
        super().__init__()
        self.device = FakeDevice()
        self.cache = CostCache(
            ram_bytes=12_000, device_bytes=6_000, where=self.device.where, move=self.device.move
        )
        self.model: dict[str, float] = {}
        self.in_use: set[str] = set()
        self.asked: set[str] = set()
        self.prompt: set[str] = set()
        self.shared = torch.zeros(500)
        self.serial = 0.0

    @rule(names=st.sets(NAMES))
    def begin(self, names: set[str]) -> None:
        self.cache.begin({name: make_key(name) for name in names})
        self.in_use.clear()
        self.asked.clear()
        self.prompt = set(names)

    @rule(
        name=NAMES,
        floats=st.integers(1, 4000),
        seconds=st.floats(0, 100),
        kind=st.sampled_from(["ram", "device", "mixed", "view", "model"]),
    )
    def put(self, name: str, floats: int, seconds: float, kind: str) -> None:
        self.serial += 1
        fill = torch.full((floats,), self.serial)
        values: list[Any] = [self.device.put(fill) if kind in ("device", "mixed") else fill]
        if kind == "mixed":
            values.append(torch.ones(floats))
        if kind == "view":
            values.append(self.shared[floats % 500 :])
        if kind == "model":
            values.append(Weights(floats))
        self.cache.put(name, make_key(name), Entry((values,), {"v": [self.serial]}, seconds))
        self.model[name] = self.serial
        self.in_use.add(name)
        self.prompt.add(name)

    @rule(name=NAMES)
    def get(self, name: str) -> None:
        # After a lookup, explain speaks of that lookup until the next run.
        told = None if name in self.asked else self.cache.explain(name, make_key(name))
        self.asked.add(name)
        entry = self.cache.get(name, make_key(name))
        assert entry is not None or name not in self.in_use
        assert told is None or name in self.in_use or told.hit == (entry is not None)
        if entry is None:
            return
        self.in_use.add(name)
        assert entry.ui == {"v": [self.model[name]]}
        assert float(entry.outputs[0][0][0]) == self.model[name]

    @rule(name=NAMES)
    def release(self, name: str) -> None:
        self.cache.release(name)
        self.in_use.discard(name)

    @rule()
    def end(self) -> None:
        self.cache.end()
        self.in_use.clear()

    @precondition(lambda self: self.model)
    @rule(clear=st.booleans())
    def forget(self, clear: bool) -> None:
        (self.cache.clear if clear else self.cache.free_memory)()
        assert all(tier.entries == tier.bytes == 0 for tier in self.cache.report().tiers.values())

    @invariant()
    def bounds_hold(self) -> None:
        tiers = self.cache.report().tiers
        assert tiers["ram"].bytes <= 12_000
        assert tiers["device"].bytes <= 6_000
        kept_models = set(self.cache._models)
        others = kept_models - {make_key(name).digest for name in self.prompt}
        assert not others or tiers["models"].bytes <= 12_000
        assert all(tier.bytes >= 0 for tier in tiers.values())


TestStoreAgainstDict = StoreAgainstDict.TestCase
TestStoreAgainstDict.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
