from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.errors import FileFormatError
from engine.models import residency as residency_module
from engine.models.component import Component
from engine.models.memory import available_ram
from engine.models.placement import Placed, place
from engine.models.reading import WeightFile
from engine.models.residency import Residency

CPU = torch.device("cpu")


class Net(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, bias=False)
        self.conv = nn.Conv2d(3, 5, 3)


@dataclass(frozen=True)
class Doubled:
    """A patch that doubles one weight."""

    weight: str = "linear.weight"

    def touches(self, name: str) -> bool:
        return name == self.weight

    def apply(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        return weight.mul_(2)


def build_on_meta(width: int) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        with torch.device("meta"):
            return Net(width)

    return build


def component(path: Path, dtype: torch.dtype = torch.float16, width: int = 512) -> Component:
    weights = {name: weight.to(dtype) for name, weight in Net(width).state_dict().items()}
    save_file({f"m.{name}": weight for name, weight in weights.items()}, path)
    names = {name: f"m.{name}" for name in weights}
    return Component(str(path), "network", WeightFile(path), names, build_on_meta(width))


def test_weights_are_cast_once_and_kept(tmp_path: Path) -> None:
    part, residency = component(tmp_path / "a.safetensors"), Residency(CPU)
    with residency.use(part) as network:
        weight = network.get_parameter("linear.weight")
        assert weight.dtype == torch.float32
        assert not weight.requires_grad
        assert torch.equal(weight, part.source["m.linear.weight"].float())
    with residency.use(part) as again:
        assert again is network
    assert residency.placed_bytes() == sum(t.nbytes for t in residency.held(part))


def test_convolutions_are_laid_out_channels_last(tmp_path: Path) -> None:
    part = component(tmp_path / "a.safetensors", torch.float32)
    with Residency(CPU).use(part) as network:
        weight = network.get_parameter("conv.weight")
        assert weight.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(weight, part.source["m.conv.weight"])


def test_weights_of_the_compute_dtype_stay_in_the_mapped_file(tmp_path: Path) -> None:
    part, residency = component(tmp_path / "a.safetensors", torch.float32), Residency(CPU)
    with residency.use(part) as network:
        mapped = part.source["m.linear.weight"]
        assert network.get_parameter("linear.weight").data_ptr() == mapped.data_ptr()
    assert residency.placed_bytes() < 2000  # the convolution alone


def test_all_copies_lie_in_one_allocation_no_larger_than_needed(tmp_path: Path) -> None:
    part = component(tmp_path / "a.safetensors")
    placed = place(part, (), CPU, torch.float32)
    storages = {p.untyped_storage().data_ptr() for p in placed.network.parameters()}
    assert len(storages) == 1
    exact = sum(p.nbytes for p in placed.network.parameters())
    assert exact <= placed.nbytes <= exact + 64 * 3


def test_patches_change_the_placed_copy_only(tmp_path: Path) -> None:
    for dtype in (torch.float16, torch.float32):
        part, residency = component(tmp_path / f"{dtype}.safetensors", dtype), Residency(CPU)
        original = part.source["m.linear.weight"].float().clone()
        with residency.use(part, (Doubled(), Doubled())) as network:
            assert torch.equal(network.get_parameter("linear.weight"), original * 4)
        with residency.use(part) as network:
            assert torch.equal(network.get_parameter("linear.weight"), original)
        assert torch.equal(part.source["m.linear.weight"].float(), original)


def test_idle_networks_beyond_the_limit_go_oldest_first(tmp_path: Path) -> None:
    parts = [component(tmp_path / f"{i}.safetensors") for i in range(4)]  # 1 MB each
    residency = Residency(CPU, idle_bytes=(5 << 20) // 2)
    for part in parts:
        with residency.use(part):
            pass
    kept = [bool(residency.held(part)) for part in parts]
    assert kept == [False, True, True, True]  # two idle ones and the last used


def test_a_network_in_use_is_never_dropped(tmp_path: Path) -> None:
    first, second = (component(tmp_path / f"{i}.safetensors") for i in range(2))
    residency = Residency(CPU, idle_bytes=0)
    with residency.use(first) as network:
        with residency.use(second):
            pass
        residency.free_all()
        assert network.get_parameter("linear.weight").device == CPU
        assert not residency.held(second)
    assert residency.free_all() > 0
    assert residency.placed_bytes() == 0


def test_dropping_gives_memory_back_while_the_network_is_still_referred_to(tmp_path: Path) -> None:
    part, residency = component(tmp_path / "a.safetensors"), Residency(CPU)
    with residency.use(part) as network:
        pass
    residency.free_all()
    assert network.get_parameter("linear.weight").is_meta


def test_idle_networks_go_when_memory_runs_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (component(tmp_path / f"{i}.safetensors") for i in range(2))
    residency = Residency(CPU)
    with residency.use(first):
        pass
    monkeypatch.setattr(residency_module, "available_on", lambda device: 1000)
    with residency.use(second):
        assert not residency.held(first)


def test_nothing_is_read_again_while_memory_suffices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [component(tmp_path / f"{i}.safetensors") for i in range(3)]
    placed = []

    def counted(part: Component, *rest: Any) -> Placed:
        placed.append(part)
        return place(part, *rest)

    monkeypatch.setattr(residency_module, "place", counted)
    residency = Residency(CPU)
    for part in parts * 5:
        with residency.use(part):
            pass
    assert len(placed) == 3


def test_switching_models_many_times_keeps_memory_flat(tmp_path: Path) -> None:
    parts = [component(tmp_path / f"{i}.safetensors", width=64) for i in range(5)]
    residency, sizes = Residency(CPU, idle_bytes=0), set()
    for turn in range(300):
        with residency.use(parts[turn % 5]):
            sizes.add(residency.placed_bytes())
    assert len(sizes) == 1


def test_threads_share_one_placed_network(tmp_path: Path) -> None:
    part, residency = component(tmp_path / "a.safetensors"), Residency(CPU)
    networks = []

    def work() -> None:
        with residency.use(part) as network:
            networks.append(network)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(networks) == 8
    assert len(set(map(id, networks))) == 1


def test_a_missing_or_misshapen_weight_is_named(tmp_path: Path) -> None:
    save_file({"m.linear.weight": torch.ones(2, 2)}, tmp_path / "a.safetensors")
    source = WeightFile(tmp_path / "a.safetensors")
    names = {"linear.weight": "m.linear.weight"}
    wrong = Component("a", "network", source, names, build_on_meta(3))
    with pytest.raises(FileFormatError, match=r"shape \[2, 2\], expected \[3, 3\]"):
        place(wrong, (), CPU, torch.float32)
    lacking = Component("b", "network", source, names, build_on_meta(2))
    with pytest.raises(FileFormatError, match=r'lacks the weight "conv.weight"'):
        place(lacking, (), CPU, torch.float32)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max", None), ("3000000", 3_000_000 - 2_000_000 + 500_000), ("1000", 0)],
)
def test_available_ram_heeds_a_containers_limit(
    tmp_path: Path, limit: str, expected: int | None
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 500000\n")
    available = available_ram(tmp_path)
    assert available == expected if expected is not None else available > 1 << 28
