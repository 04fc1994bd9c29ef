from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError
from engine.models.reading import WeightFile, open_weights


def raw(path: Path, header: object, body: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def entry(start: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64])
def test_tensors_and_metadata_come_back(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"a": torch.arange(6).reshape(2, 3).to(dtype), "none": torch.empty(0, 4)}
    save_file(tensors, tmp_path / "w.safetensors", metadata={"k": "v"})
    weights = WeightFile(tmp_path / "w.safetensors")
    assert weights.metadata == {"k": "v"}
    assert set(weights) == {"a", "none"}
    assert torch.equal(weights["a"], tensors["a"])
    assert weights["none"].shape == (0, 4)
    assert weights.shapes()["a"] == (2, 3)


def test_tensors_are_views_of_one_mapping(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1000), "b": torch.ones(1000)}, tmp_path / "w.safetensors")
    weights = WeightFile(tmp_path / "w.safetensors")
    first, again, other = weights["a"], weights["a"], weights["b"]
    assert first.data_ptr() == again.data_ptr()
    assert abs(other.data_ptr() - first.data_ptr()) == 4000


def test_a_released_tensor_is_read_again_when_used(tmp_path: Path) -> None:
    save_file({"a": torch.arange(10_000.0)}, tmp_path / "w.safetensors")
    weights = WeightFile(tmp_path / "w.safetensors")
    tensor = weights["a"]
    before = tensor.sum()
    weights.release("a")
    assert tensor.sum() == before


def test_unaligned_tensors_are_read(tmp_path: Path) -> None:
    body = b"\1" + struct.pack("<f", 2.5)
    header = {"byte": entry(0, 1, [1], "U8"), "number": entry(1, 5, [1])}
    text = json.dumps(header).encode()
    path = raw(tmp_path / "w.safetensors", text + b" " * (-len(text) % 8), body)
    assert WeightFile(path)["number"].item() == 2.5


def truncated(path: Path) -> None:
    save_file({"a": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:-100])


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "three bytes": lambda path: path.write_bytes(b"abc"),
    "text": lambda path: path.write_text("These are not weights.\n" * 20),
    "web page": lambda path: path.write_text("<!DOCTYPE html><html>404</html>"),
    "LFS pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    "header of 2^60 bytes": lambda path: path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}"),
    "header of 2^64 - 1 bytes": lambda path: path.write_bytes(b"\xff" * 8 + b"{}"),
    "GGUF": lambda path: path.write_bytes(b"GGUF\3\0\0\0" + b"\0" * 64),
    "cut short": truncated,
    "header is no JSON": lambda path: raw(path, b"{{{{", b"\0" * 8),
    "header is a list": lambda path: raw(path, [1, 2], b"\0" * 8),
    "header is deep": lambda path: raw(path, b"[" * 50_000, b"\0" * 8),
    "shape and offsets differ": lambda path: raw(path, {"a": entry(0, 8, [99])}, b"\0" * 8),
    "offsets beyond the end": lambda path: raw(path, {"a": entry(0, 80, [20])}, b"\0" * 8),
    "offsets overlap": lambda path: raw(
        path, {"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, b"\0" * 12
    ),
    "offsets backwards": lambda path: raw(path, {"a": entry(8, 0, [2])}, b"\0" * 8),
    "shape overflows": lambda path: raw(path, {"a": entry(0, 8, [2**40, 2**40])}, b"\0" * 8),
    "negative size": lambda path: raw(path, {"a": entry(0, 8, [-2])}, b"\0" * 8),
    "unknown type": lambda path: raw(path, {"a": entry(0, 8, [2], "Q9")}, b"\0" * 8),
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 8),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "bad.safetensors"
    make(path)
    with pytest.raises(FileFormatError) as caught:
        open_weights(path, tmp_path / "conversions")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "conversions").exists()


@pytest.mark.parametrize(
    ("kind", "says"),
    [("text", "is text"), ("web page", "web page"), ("LFS pointer", "Git LFS"), ("GGUF", "GGUF"),
     ("empty", "is empty"), ("cut short", "cut short")],
)  # fmt: skip
def test_the_error_says_what_the_file_is(tmp_path: Path, kind: str, says: str) -> None:
    path = tmp_path / "bad.safetensors"
    HOSTILE[kind](path)
    with pytest.raises(FileFormatError, match=says):
        WeightFile(path)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileFormatError):
            open_weights(path, tmp_path / "conversions")


@pytest.mark.skipif(os.name != "posix", reason="reads /proc")
def test_casting_leaves_no_pages_of_the_file_resident(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.ones(4_000_000, dtype=torch.float16)}, path)
    weights = WeightFile(path)
    copied = weights["a"].float()
    weights.release("a")
    assert _resident_kilobytes(path) <= 64  # the header's pages and what shares a page with it
    assert copied.sum() == 4_000_000


def _resident_kilobytes(path: Path) -> int:
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total
