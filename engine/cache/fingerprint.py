"""Fingerprints: equal values have equal digests in every process; unlike values never share one.

Each value is fed as (tag, payload), both with their lengths, so neither 1, 1.0, "1" and True nor
["ab"] and ["a", "b"] meet. A value whose content cannot be read has no digest at all.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
from blake3 import blake3

from engine.errors import EngineError

Payload: TypeAlias = "bytes | memoryview"
Parts: TypeAlias = tuple[str, Payload, tuple[Any, ...]]
"""(tag, payload, contained values): what tells a value from every other."""


class UnstableValueError(EngineError):
    """A value has no digest that would be the same next time.

    Attributes:
        reason: Why, in one clause: "it is NaN", "a Model has no readable content" …
    """

    code = "unstable_value"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"This value cannot be part of a cache key: {reason}.")


def fingerprint(value: object) -> str:
    """Return the blake3 digest of a value as 64 hexadecimal digits.

    JSON values, bytes, tuples, sets, tensors and numpy arrays have one; subclasses do not, since
    they may compare as they like. Tensors on a device are copied to the CPU.

    Raises: UnstableValueError, for NaN, for any other object, and for a value that contains itself.
    """
    hasher = blake3()
    open_ids: set[int] = set()
    pending: list[Any] = [value]
    while pending:  # a stack, because JSON may be nested deeper than Python's calls
        item = pending.pop()
        if type(item) is _Close:
            open_ids.discard(item.value_id)
            continue
        tag, payload, children = _parts(item)
        _put(hasher, f"{tag} {len(children)}".encode(), payload)
        if children:
            if id(item) in open_ids:
                raise UnstableValueError("it contains itself")
            open_ids.add(id(item))
            pending.append(_Close(id(item)))
            pending.extend(reversed(children))
    digest: str = hasher.hexdigest()
    return digest


class _Close:
    """Marks on the stack where a container ends."""

    __slots__ = ("value_id",)

    def __init__(self, value_id: int) -> None:
        self.value_id = value_id


def _put(hasher: Any, tag: bytes, payload: Payload) -> None:
    size = payload.nbytes if isinstance(payload, memoryview) else len(payload)
    hasher.update(struct.pack("<QQ", len(tag), size) + tag)
    hasher.update(payload)


def _parts(value: Any) -> Parts:
    """Take one value apart; exact types only."""
    kind = type(value)
    take_apart = _TAKE_APART.get(kind)
    if take_apart is not None:
        return take_apart(value)
    if isinstance(value, np.generic):
        return _array(np.asarray(value), "scalar")
    raise UnstableValueError(f"a {kind.__qualname__} has no readable content")


def _float(value: float) -> Parts:
    if math.isnan(value):
        raise UnstableValueError("it is NaN")
    return "float", struct.pack("<d", value), ()


def _dict(value: dict[Any, Any]) -> Parts:
    # By fingerprint, because keys need not be comparable with each other.
    ordered = sorted((fingerprint(key), key) for key in value) if _mixed(value) else None
    keys = sorted(value) if ordered is None else [key for _, key in ordered]
    return "dict", b"", tuple(part for key in keys for part in (key, value[key]))


def _mixed(keys: Iterable[Any]) -> bool:
    return any(type(key) is not str for key in keys)


def _set(value: Iterable[Any], tag: str) -> Parts:
    return tag, "".join(sorted(fingerprint(item) for item in value)).encode(), ()


def _array(value: np.ndarray[Any, Any], tag: str = "array") -> Parts:
    if value.dtype.hasobject:
        raise UnstableValueError("an array of Python objects has no readable content")
    if tag == "scalar" and value.dtype.kind in "fc" and bool(np.isnan(value).any()):
        raise UnstableValueError("it is NaN")
    raw = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    return f"{tag} {value.dtype} {value.shape}", raw.data, ()


def _tensor(value: torch.Tensor) -> Parts:
    if value.layout is not torch.strided or value.is_meta or value.is_quantized:
        raise UnstableValueError(f"a {value.layout} tensor on {value.device} is not read")
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
    raw = plain.reshape(-1).view(torch.uint8).numpy()
    return f"tensor {value.dtype} {tuple(value.shape)}", raw.data, ()


_TAKE_APART: dict[type, Callable[[Any], Parts]] = {
    type(None): lambda _: ("none", b"", ()),
    bool: lambda value: ("bool", b"1" if value else b"0", ()),
    int: lambda value: ("int", b"%x" % value, ()),
    float: _float,
    str: lambda value: ("str", value.encode("utf-8", "surrogatepass"), ()),
    bytes: lambda value: ("bytes", value, ()),
    list: lambda value: ("list", b"", tuple(value)),
    tuple: lambda value: ("tuple", b"", value),
    dict: _dict,
    set: functools.partial(_set, tag="set"),
    frozenset: functools.partial(_set, tag="frozenset"),
    np.ndarray: _array,
    torch.Tensor: _tensor,
}
