from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.fingerprint import UnstableValueError, fingerprint
from tests.cache.cache_samples import JSON_VALUES, same

LOOK_ALIKES: list[Any] = [
    1,
    1.0,
    "1",
    True,
    b"1",
    [1],
    (1,),
    {"1": 1},
    {1},
    frozenset({1}),
    np.int64(1),
    np.array([1]),
    torch.tensor([1]),
    torch.tensor([1], dtype=torch.int32),
    torch.tensor([[1]]),
    torch.tensor(1),
    None,
    "",
    [],
    (),
    {},
    set(),
    0,
    0.0,
    -0.0,
    False,
    ["ab"],
    ["a", "b"],
    [["a"], "b"],
    [["a", "b"]],
    {"a": "b"},
    ["a", ["b"]],
]


def test_values_that_look_alike_have_unlike_fingerprints() -> None:
    digests = [fingerprint(value) for value in LOOK_ALIKES]
    assert len(set(digests)) == len(LOOK_ALIKES)


@given(JSON_VALUES, JSON_VALUES)
def test_fingerprints_are_equal_exactly_when_values_are(left: Any, right: Any) -> None:
    assert (fingerprint(left) == fingerprint(right)) == _same_json(left, right)


def _same_json(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same_json(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_json, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return left.hex() == right.hex()  # tells 0.0 from -0.0
    return same(left, right)


@given(JSON_VALUES)
def test_a_copy_has_the_same_fingerprint(value: Any) -> None:
    copy = json.loads(json.dumps(value))
    assert fingerprint(copy) == fingerprint(value)


@given(st.dictionaries(st.text(max_size=4) | st.integers(), st.integers(), max_size=6))
def test_the_order_of_a_dict_does_not_matter(value: dict[Any, int]) -> None:
    assert fingerprint(dict(reversed(value.items()))) == fingerprint(value)


@pytest.mark.e2e
def test_other_processes_agree_whatever_their_hash_seed() -> None:
    value = {"b": [1, 2.5, "x", None, True], "a": {"z": "ü"}, "s": ["\ud800", 2**80]}
    code = (
        "import json, sys; from engine.cache.fingerprint import fingerprint;"
        "print(fingerprint({'json': json.loads(sys.argv[1]), 'set': {'p', 'q', 'r'}}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": os.curdir}
    command = [sys.executable, "-c", code, json.dumps(value)]
    answer = subprocess.check_output(command, env=environment, text=True).strip()
    assert answer == fingerprint({"json": value, "set": {"p", "q", "r"}})


def test_tensors_are_read_by_content_whatever_their_strides() -> None:
    grid = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    assert fingerprint(grid.T.contiguous().T) == fingerprint(grid)
    assert fingerprint(grid.T) != fingerprint(grid)
    assert fingerprint(grid[:, 1:]) == fingerprint(grid[:, 1:].clone())
    assert fingerprint(grid + 1e-6) != fingerprint(grid)


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.bool, torch.complex64, torch.uint8]
)
def test_every_dtype_of_tensor_has_a_fingerprint(dtype: torch.dtype) -> None:
    zeros, ones = torch.zeros(3).to(dtype), torch.ones(3).to(dtype)
    assert fingerprint(zeros) != fingerprint(ones)
    assert fingerprint(torch.zeros(0).to(dtype)) == fingerprint(torch.zeros(0).to(dtype))


def test_numpy_arrays_are_read_by_content() -> None:
    grid = np.arange(6).reshape(2, 3)
    assert fingerprint(grid) == fingerprint(np.asfortranarray(grid))
    assert fingerprint(grid) != fingerprint(grid.astype(np.int32))
    assert fingerprint(np.float32(0.5)) == fingerprint(np.float32(0.5))


class Opaque:
    pass


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [1, {"a": (math.nan,)}],
        np.float64("nan"),
        Opaque(),
        [Opaque()],
        Text("x"),
        np.array([Opaque()]),
        torch.zeros(2, device="meta"),
        torch.zeros(2, 2).to_sparse(),
        {Opaque(): 1},
    ],
    ids=lambda value: type(value).__name__,  # unlike repr the same in every worker
)
def test_values_without_a_stable_content_are_refused(value: object) -> None:
    with pytest.raises(UnstableValueError):
        fingerprint(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = [1]
    loop.append([loop])
    with pytest.raises(UnstableValueError, match="contains itself"):
        fingerprint(loop)


def test_the_same_list_twice_is_not_a_loop() -> None:
    shared = [1]
    assert fingerprint([shared, shared]) == fingerprint([[1], [1]])


def test_nesting_is_not_limited_by_the_call_stack() -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    assert len(fingerprint(deep)) == 64
