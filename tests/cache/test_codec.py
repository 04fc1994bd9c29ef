from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.codec import BadEntryError, UnstorableValueError, decode, encode, read_seconds
from engine.cache.store import Entry
from engine.types import Ui
from tests.cache.cache_samples import make_entry, same

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
)
TENSORS = st.builds(
    lambda shape, dtype: torch.arange(int(np.prod(shape))).reshape(shape).to(dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool]),
)
VALUES = st.recursive(
    SCALARS | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.lists(st.lists(VALUES, max_size=3), max_size=3), st.floats(0, 1e6))
def test_entries_come_back_as_they_were(outputs: list[list[Any]], seconds: float) -> None:
    entry = Entry(tuple(outputs), {"images": [{"filename": "ü"}]}, seconds)
    restored, devices = decode(encode(entry))
    assert same(restored.outputs, entry.outputs)
    assert (restored.ui, restored.seconds, devices) == (entry.ui, seconds, ())


def test_conditioning_comes_back_as_it_was() -> None:
    conditioning = [[torch.rand(1, 77, 8), {"pooled_output": torch.rand(1, 8), "area": (1, 2)}]]
    restored, _ = decode(encode(Entry(([conditioning],))))
    assert same(restored.outputs[0][0], conditioning)


def test_a_view_does_not_bring_its_whole_storage() -> None:
    entry = Entry(([torch.zeros(100_000)[:10]],))
    assert len(encode(entry)) < 1000


def test_tensors_that_share_a_storage_are_stored_apart() -> None:
    base = torch.arange(12.0)
    shared = [base, base.reshape(3, 4), base[2:5], base.reshape(3, 4).T, base]
    restored, _ = decode(encode(Entry((shared,))))
    assert same(restored.outputs[0], shared)


def test_the_same_tensor_twice_is_stored_once() -> None:
    tensor = torch.rand(1000)
    assert len(encode(Entry(([tensor, {"again": tensor}],)))) < 5000
    restored, _ = decode(encode(Entry(([tensor, {"again": tensor}],))))
    assert same(restored.outputs[0], [tensor, {"again": tensor}])


def test_tensors_of_inference_mode_and_with_gradients_are_stored() -> None:
    with torch.inference_mode():
        result = torch.rand(3) * 2
    wanted = torch.rand(3, requires_grad=True)
    restored, _ = decode(encode(Entry(([result, wanted],))))
    assert same(restored.outputs[0], [result.clone(), wanted.detach()])


def test_ui_of_a_node_becomes_a_plain_dict() -> None:
    restored, _ = decode(encode(Entry((), Ui({"text": ["a"]}))))
    assert restored == Entry((), {"text": ["a"]})


class Text(str):
    __slots__ = ()


DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Text("x"),
        {1, 2},
        np.zeros(3),
        2**70,
        "\ud800",
        torch.nn.Parameter(torch.zeros(1)),
        torch.zeros(2, 2).to_sparse(),
        torch.zeros(2, device="meta"),
        DEEP,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_come_back_the_same_is_not_stored(value: object) -> None:
    with pytest.raises(UnstorableValueError):
        encode(Entry(([value],)))


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    raw = encode(Entry(([torch.rand(4), "text"],), {"a": [1]}, 2.0))
    for position in range(len(raw)):
        flipped = bytearray(raw)
        flipped[position] ^= 0x41
        with pytest.raises(BadEntryError):
            decode(bytes(flipped))
        with pytest.raises(BadEntryError):
            decode(raw[:position])
    with pytest.raises(BadEntryError):
        decode(raw + b"x")


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(raw: bytes) -> None:
    for candidate in (raw, b"TESSRES1" + raw):
        with pytest.raises(BadEntryError):
            decode(candidate)


def test_a_sound_checksum_over_nonsense_is_refused() -> None:
    from blake3 import blake3

    for covered in (
        bytes(16) + b"\xc1",
        bytes(8) + (5).to_bytes(8, "little") + b"\x93\x01\xc0\x90" + b"x",
        bytes(8) + (2**60).to_bytes(8, "little") + b"\x90",
        bytes(8) + (4).to_bytes(8, "little") + b"\x93\x92\x09\x01\xc0\x90",
    ):
        with pytest.raises(BadEntryError):
            decode(b"TESSRES1" + blake3(covered).digest() + covered)


def test_the_head_alone_says_how_long_it_took() -> None:
    assert read_seconds(encode(make_entry(seconds=3.5))) == 3.5
    with pytest.raises(BadEntryError):
        read_seconds(b"TESSRES1")
