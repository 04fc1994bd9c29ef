"""Reading weight files safely: a lazy mapping from names to tensors, memory-mapped.

The kind of a file is told by its content, not its name: pickles go through `pickles.convert`
first, everything else must be safetensors.
"""

from __future__ import annotations

import json
import math
import mmap
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from engine.errors import FileFormatError
from engine.models import pickles

_DTYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_SNIFF_BYTES: Final = 512
_CUT_SHORT: Final = ("not fully covered", "invalid header length", "header too small")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies in its file; `start` and `end` are byte offsets in the whole file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class WeightFile(Mapping[str, torch.Tensor]):
    """The tensors of a safetensors file by name, without copying.

    A tensor is a read-only view of the mapped file: it costs memory only while its pages are in
    use, and `release` lets the system take them back at once. Writing into one crashes the
    process, so whoever changes weights copies them first.

    Raises: FileFormatError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        header, start, size = _read_header(path)
        self.metadata: Mapping[str, str] = header.pop("__metadata__", None) or {}
        self.tensors: Mapping[str, TensorInfo] = {
            name: _tensor_info(entry, start) for name, entry in header.items()
        }
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._map) != size:
            raise FileFormatError(path, "it changed while it was being opened")

    def __getitem__(self, name: str) -> torch.Tensor:
        info = self.tensors[name]
        dtype = _DTYPES.get(info.dtype)
        if dtype is None:
            raise FileFormatError(self.path, f'tensor "{name}" has unsupported type {info.dtype}')
        count = math.prod(info.shape)
        if count == 0:
            return torch.empty(info.shape, dtype=dtype)
        buffer, offset = self._buffer(info, dtype.itemsize)
        with warnings.catch_warnings():
            # Read-only on purpose: torch would only warn that writing is undefined.
            warnings.filterwarnings("ignore", message="The given buffer is not writable")
            flat = torch.frombuffer(buffer, dtype=dtype, count=count, offset=offset)
        return flat.view(info.shape)

    def _buffer(self, info: TensorInfo, itemsize: int) -> tuple[Any, int]:
        if info.start % itemsize == 0:
            return self._map, info.start
        return bytearray(self._map[info.start : info.end]), 0  # the file does not align it

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return every tensor's shape by name; reads no weights."""
        return {name: info.shape for name, info in self.tensors.items()}

    def dtype(self, name: str) -> torch.dtype | None:
        """Return a tensor's dtype; None when torch has none like it."""
        return _DTYPES.get(self.tensors[name].dtype)

    def prefetch(self, names: Iterable[str]) -> None:
        """Ask the system to read tensors ahead; page by page, network disks are slow."""
        if hasattr(mmap, "MADV_WILLNEED"):
            for name in names:
                self._advise(name, mmap.MADV_WILLNEED)

    def release(self, name: str) -> None:
        """Give a tensor's pages back to the system, which keeps the file cached while it can."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._advise(name, mmap.MADV_DONTNEED)

    def _advise(self, name: str, advice: int) -> None:
        info = self.tensors[name]
        start = info.start - info.start % mmap.PAGESIZE
        if info.end > start:
            self._map.madvise(advice, start, info.end - start)


def open_weights(path: Path, conversions: Path) -> WeightFile:
    """Open a weight file of any kind; a pickle is converted first.

    Args:
        conversions: Directory where converted pickles are kept.

    Raises: FileFormatError.
    """
    if pickles.looks_pickled(path):
        return WeightFile(pickles.convert(path, conversions))
    return WeightFile(path)


def _read_header(path: Path) -> tuple[dict[str, Any], int, int]:
    """Return the checked header, the offset of the data and the file's size."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt"):
            pass  # checks lengths, offsets, overlaps and the header's 100 MB limit
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
    except OSError as error:
        raise FileFormatError(path, f"it cannot be read ({error.strerror or error})") from error
    except (SafetensorError, ValueError, RecursionError) as error:
        problem, hint = _explain(path, error)
        raise FileFormatError(path, problem, hint) from error
    return header, 8 + length, size


def _tensor_info(entry: Mapping[str, Any], start: int) -> TensorInfo:
    first, last = entry["data_offsets"]
    return TensorInfo(entry["dtype"], tuple(entry["shape"]), start + first, start + last)


def _explain(path: Path, error: Exception) -> tuple[str, str]:
    """Say what a file that is no safetensors file looks like, and what to do."""
    with path.open("rb") as file:
        head = file.read(_SNIFF_BYTES)
    again = "Download it again."
    if not head:
        return "it is empty", again
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights themselves", again
    if head.startswith(b"GGUF"):
        return "it is a GGUF file, which is not supported", "Use a .safetensors version of it."
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not weights", again
    if any(sign in str(error) for sign in _CUT_SHORT):
        return "it is cut short: its size is not what its header says", again
    if all(byte >= 0x20 or byte in b"\t\r\n" for byte in head):
        return "it is text, not a safetensors file", ""
    return f"it is not a valid safetensors file ({error})", again
