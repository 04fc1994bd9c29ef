from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from engine.cache.guard import InputGuard


def sample() -> dict[str, Any]:
    return {
        "latent": {"samples": torch.zeros(1, 4, 2, 2), "batch_index": [0, 1]},
        "positive": [[torch.zeros(1, 3, 2), {"pooled_output": torch.zeros(1, 2)}]],
        "mask": np.zeros(3),
        "model": object(),
        "cfg": math.nan,
    }


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda v: v["latent"]["samples"].add_(1), "latent"),
        (lambda v: v["latent"].update(noise_mask=torch.zeros(1)), "latent"),
        (lambda v: v["latent"]["batch_index"].append(2), "latent"),
        (lambda v: v["positive"][0][1].update(strength=1.0), "positive"),
        (lambda v: v["positive"][0][1]["pooled_output"].mul_(2).add_(1), "positive"),
        (lambda v: v["mask"].__setitem__(0, 1.0), "mask"),
    ],
)
def test_a_node_that_writes_into_its_input_is_caught(
    write: Callable[[dict[str, Any]], object], name: str
) -> None:
    inputs = sample()
    guard = InputGuard(inputs)
    with torch.inference_mode():
        write(inputs)
    assert guard.changed() == [name]


def test_a_node_that_works_on_copies_is_not_blamed() -> None:
    inputs = sample()
    guard = InputGuard(inputs)
    inputs["latent"]["samples"] + 1
    copy = {**inputs["latent"], "samples": inputs["latent"]["samples"] * 2}
    inputs["latent"] = copy
    assert guard.changed() == []


def test_two_callers_may_share_a_value() -> None:
    inputs = sample()
    guards = [InputGuard(inputs) for _ in range(2)]
    assert [guard.changed() for guard in guards] == [[], []]
