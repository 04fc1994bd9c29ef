"""Keys, entries and caches that the cache tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import torch
from hypothesis import strategies as st

from engine.cache.keys import NodeKey
from engine.cache.store import Entry
from engine.registry.spec import NodeSpec

JSON_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
JSON_VALUES = st.recursive(
    JSON_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def make_spec(type_id: str = "Blur", version: str = "1") -> NodeSpec:
    """Return a node type that is never run."""

    def never_run(instance: Any, inputs: dict[str, Any], context: Any) -> Any:
        raise NotImplementedError(type_id)

    return NodeSpec(
        type_id=type_id,
        version=version,
        input_types=lambda folders: {"required": {}},
        create=lambda: None,
        call=never_run,
    )


def make_key(name: object, **inputs: Any) -> NodeKey:
    """Return a key whose digest follows from its arguments."""
    digest = hashlib.sha256(repr((name, sorted(inputs.items()))).encode()).hexdigest()
    return NodeKey(digest, "Blur", inputs=inputs)


def make_entry(seconds: float = 1.0, floats: int = 1000, fill: float = 0.0) -> Entry:
    """Return an entry of one tensor with `floats` values of 4 bytes."""
    return Entry(([torch.full((floats,), fill)],), seconds=seconds)


def same(left: Any, right: Any) -> bool:
    """Compare nested values and tensors, types included; a NaN equals a NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right) or left != left


class Weights:
    """A model: an object that holds tensors of its own."""

    def __init__(self, floats: int) -> None:
        self.tensor = torch.zeros(floats)

    def held_tensors(self) -> Iterator[torch.Tensor]:
        yield self.tensor
