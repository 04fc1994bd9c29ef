from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from engine.cache.tier import Kept, MemoryTier
from engine.cache.values import footprint, map_tensors
from tests.cache.cache_samples import Weights


@dataclass(frozen=True)
class Pair:
    left: torch.Tensor
    right: Any


class Named(NamedTuple):
    tensor: torch.Tensor


class Mischief:
    """Answers any attribute name, as some packs' objects do."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def tensor_bytes(value: object) -> int:
    return sum(footprint(value).storages.values())


def test_a_tensor_weighs_its_whole_storage() -> None:
    assert tensor_bytes(torch.zeros(1000)) == 4000
    assert tensor_bytes(torch.zeros(1000)[:1]) == 4000
    assert tensor_bytes(torch.zeros(1).expand(1000)) == 4


def test_a_storage_counts_once_however_many_views_share_it() -> None:
    base = torch.zeros(1000)
    assert tensor_bytes([base, {"view": base[10:]}, (base[:], base.numpy())]) == 4000


def test_tensors_are_found_in_containers_dataclasses_and_models() -> None:
    def tensor() -> torch.Tensor:
        return torch.zeros(100)

    value = [{"a": (tensor(), [tensor()])}, Pair(tensor(), {"b": tensor()}), Weights(100)]
    assert tensor_bytes(value) == 6 * 400 - 400
    assert footprint(value).weights
    assert tensor_bytes(torch.nn.Linear(10, 10)) == 440


def test_other_objects_weigh_what_python_says() -> None:
    assert footprint("x" * 10_000).total_bytes > 10_000
    assert footprint(b"x" * 10_000).total_bytes > 10_000
    assert footprint(np.zeros(1000)).total_bytes > 8000
    assert 0 < footprint(Mischief()).total_bytes < 1000


def test_only_plain_values_and_tensors_can_be_moved() -> None:
    assert not footprint([{"a": 1, "b": (torch.zeros(1), "x", None, b"y")}]).opaque
    parameter = torch.nn.Parameter(torch.zeros(1))
    for odd in (Mischief(), Pair(torch.zeros(1), 1), Named(torch.zeros(1)), {1, 2}, parameter):
        assert footprint([odd]).opaque


def test_a_value_that_contains_itself_is_weighed_once() -> None:
    loop: list[Any] = [torch.zeros(100)]
    loop.append(loop)
    assert tensor_bytes(loop) == 400


def test_meta_and_sparse_tensors_do_not_stop_the_count() -> None:
    assert tensor_bytes(torch.zeros(1000, device="meta")) == 0
    assert footprint(torch.zeros(2, 2).to_sparse()).opaque


def test_map_tensors_copies_containers_and_shares_the_rest() -> None:
    marker = Mischief()
    value = ([torch.zeros(2), {"k": (torch.ones(2), marker)}], "text")
    changed = map_tensors(value, lambda t: t + 1)
    assert torch.equal(changed[0][0], torch.ones(2))
    assert torch.equal(changed[0][1]["k"][0], torch.full((2,), 2.0))
    assert changed[0][1]["k"][1] is marker
    assert torch.equal(value[0][0], torch.zeros(2))  # type: ignore[arg-type]


def test_a_tier_counts_storages_shared_by_entries_once() -> None:
    tier: MemoryTier[str] = MemoryTier(10**6)
    shared, own = torch.zeros(1000), torch.zeros(500)
    for digest, value in {"a": [shared], "b": [shared[1:], own]}.items():
        tier.add(digest, Kept(digest, 1.0, footprint(value)))
    assert 6000 <= tier.bytes < 7500
    tier.remove("a")
    assert 6000 <= tier.bytes < 7000
    tier.remove("b")
    assert tier.bytes == 0


def test_an_entry_that_replaces_another_gives_its_bytes_back() -> None:
    tier: MemoryTier[str] = MemoryTier(10**6)
    for size in (1000, 10, 100):
        tier.add("a", Kept("a", 1.0, footprint(torch.zeros(size))))
    assert 400 <= tier.bytes < 700
    assert len(tier) == 1


def test_a_tier_of_no_bytes_keeps_nothing() -> None:
    tier: MemoryTier[str] = MemoryTier(0)
    tier.add("a", Kept("a", 1.0, footprint(torch.zeros(1))))
    assert [digest for digest, _, _ in tier.shrink()] == ["a"]
    assert (len(tier), tier.bytes) == (0, 0)
