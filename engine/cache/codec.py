"""Entries as bytes: plain values as msgpack, tensors as safetensors, a checksum over it all.

Layout: magic (8 bytes), blake3 of what follows (32), seconds to compute (float64), length of the
structure (uint64), structure, tensors. Reading never runs code, whatever the bytes are.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

import msgspec
import safetensors
import safetensors.torch
import torch
from blake3 import blake3

from engine.cache.store import Entry
from engine.errors import EngineError

Stored: TypeAlias = tuple[Entry, tuple[str, ...]]
"""(entry with its tensors in RAM, the device each one was on in order of appearance or ())."""

_MAGIC = b"TESSRES1"
_HEAD = struct.Struct("<8s32sdQ")
HEAD_BYTES = _HEAD.size
_COVERED_FROM = 40  # the checksum covers everything after itself
_MAX_DEPTH = 64
_LIST, _TUPLE, _DICT, _TENSOR = range(4)
_DTYPES = frozenset(
    {torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool, torch.uint8}
    | {torch.int8, torch.int16, torch.int32, torch.int64}
    | {torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64}
)


class UnstorableValueError(EngineError):
    """A value cannot be written to disk and read back as it was."""

    code = "unstorable_value"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"A result cannot be stored on disk: {problem}.")


class BadEntryError(EngineError):
    """Stored bytes are no entry, or damaged."""

    code = "bad_entry"


def encode(entry: Entry) -> bytes:
    """Return an entry as bytes; tensors are copied to the CPU.

    Raises: UnstorableValueError, when anything in it is neither a plain value nor a tensor.
    """
    writer = _Writer()
    outputs = writer.tree(entry.outputs)
    ui = None if entry.ui is None else writer.tree(dict(entry.ui))
    devices = tuple(writer.devices) if set(writer.devices) - {"cpu"} else ()
    try:
        structure = msgspec.msgpack.encode([outputs, ui, devices])
    except (OverflowError, UnicodeEncodeError) as error:  # big integers, lone surrogates
        raise UnstorableValueError(str(error)) from error
    tensors = safetensors.torch.save(writer.tensors) if writer.tensors else b""
    seconds_and_length = _HEAD.pack(b"", b"", entry.seconds, len(structure))[_COVERED_FROM:]
    hasher = blake3(max_threads=blake3.AUTO)
    for part in (seconds_and_length, structure, tensors):
        hasher.update(part)
    return b"".join((_MAGIC, hasher.digest(), seconds_and_length, structure, tensors))


def decode(raw: bytes) -> Stored:
    """Return the entry that `encode` wrote.

    Raises: BadEntryError, for anything else.
    """
    view = memoryview(raw)
    seconds, length = _read_head(raw)
    hasher = blake3(max_threads=blake3.AUTO)
    hasher.update(view[_COVERED_FROM:])
    if hasher.digest() != raw[len(_MAGIC) : _COVERED_FROM]:
        raise BadEntryError("The checksum of a stored entry does not match.")
    try:
        tree, ui, devices = msgspec.msgpack.decode(view[HEAD_BYTES : HEAD_BYTES + length])
        packed = bytes(view[HEAD_BYTES + length :])
        tensors = safetensors.torch.load(packed) if packed else {}
        outputs = _value(tree, tensors)
        if not isinstance(outputs, tuple):
            raise TypeError("outputs are no tuple")
        return Entry(outputs, _value(ui, tensors), seconds), tuple(devices)
    except _DECODE_ERRORS as error:
        raise BadEntryError(f"A stored entry cannot be read: {error}") from error


_DECODE_ERRORS = (
    msgspec.DecodeError,
    safetensors.SafetensorError,
    ValueError,
    TypeError,
    LookupError,
    RecursionError,
)


def read_seconds(head: bytes) -> float:
    """Return how long the entry with these first `HEAD_BYTES` took. Raises: BadEntryError."""
    return _read_head(head)[0]


def _read_head(head: bytes) -> tuple[float, int]:
    if len(head) < HEAD_BYTES or not head.startswith(_MAGIC):
        raise BadEntryError("This is not a stored entry.")
    _, _, seconds, length = _HEAD.unpack_from(head)
    return seconds, length


class _Writer:
    """Turns values into nested lists; collects tensors, each object once."""

    def __init__(self) -> None:
        self.tensors: dict[str, torch.Tensor] = {}
        self.devices: list[str] = []
        self._names: dict[int, str] = {}
        self._storages: set[int] = set()

    def tree(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if depth == _MAX_DEPTH:
            raise UnstorableValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
        if kind is torch.Tensor:
            return [_TENSOR, self._tensor(value)]
        if kind is list or kind is tuple:
            return [_LIST if kind is list else _TUPLE, *(self.tree(v, depth + 1) for v in value)]
        if kind is dict:
            parts = (part for item in value.items() for part in item)
            return [_DICT, *(self.tree(part, depth + 1) for part in parts)]
        raise UnstorableValueError(f"a {kind.__qualname__} is in it")

    def _tensor(self, tensor: torch.Tensor) -> str:
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.dtype not in _DTYPES:
            raise UnstorableValueError(f"a {tensor.layout} tensor of {tensor.dtype} is in it")
        self.devices.append(str(tensor.device))
        name = self._names.get(id(tensor))
        if name is None:
            name = self._names[id(tensor)] = str(len(self.tensors))
            plain = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
            # A view brings its whole storage, and safetensors refuses storages shared by two.
            storage = plain.untyped_storage()
            shared = storage.nbytes() != plain.nbytes or storage.data_ptr() in self._storages
            self._storages.add(storage.data_ptr())
            self.tensors[name] = plain.clone() if shared else plain
        return name


_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


def _value(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if type(tree) is not list:
        return tree
    tag, *parts = tree
    if tag == _TENSOR:
        return tensors[parts[0]]
    values = [_value(part, tensors) for part in parts]
    if tag == _DICT:
        return dict(zip(values[::2], values[1::2], strict=True))
    if tag == _TUPLE:
        return tuple(values)
    if tag == _LIST:
        return values
    raise ValueError(f"unknown tag {tag!r}")
