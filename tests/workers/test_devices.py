"""Devices are found without torch, and a worker sees its own alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.settings import Settings
from engine.workers import devices
from engine.workers.settings_text import read_settings, write_settings
from engine.workers.wire import WireError


@pytest.mark.parametrize(
    ("chosen", "visible"),
    [
        ("0,1", ["0", "1"]),
        ("3", ["3"]),
        ("", []),
        ("-1", []),
        ("1,-1,2", ["1"]),
        ("GPU-8a, GPU-9b", ["GPU-8a", "GPU-9b"]),
    ],
)
def test_the_environment_chooses_devices_as_cuda_reads_it(chosen: str, visible: list[str]) -> None:
    assert devices.visible_gpus({"CUDA_VISIBLE_DEVICES": chosen}) == visible


def test_gpus_are_counted_where_the_driver_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(devices, "_DRIVER_GPUS", tmp_path)
    assert devices.visible_gpus({}) == ["0", "1"]


@pytest.mark.parametrize(
    ("version", "found"), [("2.13.0", ("cuda:0", "cuda:1")), ("2.13.0+cpu", ("cpu",))]
)
def test_only_a_torch_for_cuda_uses_gpus(
    monkeypatch: pytest.MonkeyPatch, version: str, found: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert devices.find_devices() == found


def test_without_gpus_there_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.13.0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.find_devices() == ("cpu",)


def test_a_worker_sees_its_own_gpu_as_the_first() -> None:
    environment, device = devices.device_environment("cuda:1", {"CUDA_VISIBLE_DEVICES": "4,5"})
    assert (environment["CUDA_VISIBLE_DEVICES"], device) == ("5", "cuda:0")


def test_a_cpu_worker_keeps_the_environment() -> None:
    assert devices.device_environment("cpu", {"A": "b"}) == ({"A": "b"}, "cpu")


def test_settings_travel_as_plain_values() -> None:
    settings = Settings(
        base=Path("/base"),
        output=Path("/out"),
        extra_model_paths=(Path("a.yaml"), Path("b.yaml")),
        device="cpu",
        cache="lru",
        cache_lru=3,
        pack_allow_list=frozenset({"a", "b"}),
    )
    assert read_settings(write_settings(settings)) == settings


def test_settings_of_another_shape_are_an_error() -> None:
    with pytest.raises(WireError, match="settings are not understood"):
        read_settings({"base": 7})
