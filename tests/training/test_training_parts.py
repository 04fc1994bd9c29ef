"""Schedule, average, order and pictures of a run against values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.training.curve import loss_curve, progress_picture, sample_grid, time_left
from engine.training.ema import WeightAverage
from engine.training.order import batch_indices, generator_of
from engine.training.report import History, Report
from engine.training.schedule import learning_rate
from engine.training.settings import TrainSettings


def settings(**changed: Any) -> TrainSettings:
    return TrainSettings(**{"steps": 100, "learning_rate": 0.8, **changed})


def test_the_rate_rises_in_a_line() -> None:
    rates = [learning_rate(step, settings(warmup=4, decay="constant")) for step in range(6)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_the_rate_falls_along_a_cosine() -> None:
    rates = [learning_rate(step, settings()) for step in (0, 25, 50, 75, 100)]
    half = math.sqrt(0.5)
    assert rates == pytest.approx([0.8, 0.4 * (1 + half), 0.4, 0.4 * (1 - half), 0.0])


def test_the_cosine_may_begin_late() -> None:
    late = settings(decay_from=0.6)
    assert [learning_rate(step, late) for step in (0, 60, 80)] == pytest.approx([0.8, 0.8, 0.4])


def test_the_average_follows_as_computed_by_hand() -> None:
    weight, code = torch.tensor([1.0]), torch.tensor([5.0])
    average = WeightAverage({"n.weight": weight, "n.code": code}, 0.5, copied=["n.code"])
    weight.fill_(2.0)
    code.fill_(7.0)
    average.update()  # keeps min(0.5, 2 / 11)
    first = 2 / 11 * 1 + 9 / 11 * 2
    assert float(average.tensors["n.weight"]) == pytest.approx(first)
    assert float(average.tensors["n.code"]) == 7.0
    for _ in range(9):
        average.update()
    weight.fill_(10.0)
    before = float(average.tensors["n.weight"])
    average.update()  # 12 / 21 exceeds the decay by now
    assert float(average.tensors["n.weight"]) == pytest.approx(0.5 * before + 0.5 * 10)


@given(st.integers(1, 12), st.integers(1, 20), st.integers(0, 2**63 - 1))
def test_batches_take_every_item_equally_often(batch: int, length: int, seed: int) -> None:
    turns = batch  # `length` batches go round exactly `batch` times
    seen = [i for number in range(length) for i in batch_indices(number, batch, length, seed)]
    assert np.bincount(seen, minlength=length).tolist() == [turns] * length


def test_places_of_a_run_have_their_own_numbers() -> None:
    places = [("step", 1), ("step", 2), ("prepare", 1)]
    drawn = {float(torch.rand(1, generator=generator_of(0, *place))) for place in places}
    assert len(drawn) == 3
    assert float(torch.rand(1, generator=generator_of(0, "step", 1))) in drawn


def history() -> History:
    found = History()
    found.add(10, {"loss": 1.0})
    found.add(20, {"loss": 0.1, "late": 0.5})
    found.add(30, {"loss": 0.01, "late": float("nan")})
    return found


def test_a_loss_that_comes_later_was_nothing_before() -> None:
    late = history().values["late"]
    assert math.isnan(late[0])
    assert late[1] == 0.5


def test_the_curve_falls_where_the_loss_falls() -> None:
    pixels = np.asarray(loss_curve(history())).astype(int)
    red = (abs(pixels - np.array([0xE6, 0x19, 0x4B])).sum(2) < 30).nonzero()
    left, right = red[1].min(), red[1].max()
    line = [red[0][red[1] == column].max() for column in (right - 100, right - 50, right)]
    assert left < right - 100
    assert line == sorted(line)
    assert line[0] < line[-1]  # y grows downwards


def test_a_curve_of_nothing_is_empty() -> None:
    assert np.unique(np.asarray(loss_curve(History()))).tolist() == [255]


def test_samples_lie_side_by_side() -> None:
    samples = torch.stack([torch.full((2, 3, 3), value) for value in (0.0, 0.2, 0.4)])
    grid = np.asarray(sample_grid(samples, 2))
    assert grid.shape == (4, 6, 3)
    assert [grid[0, 0, 0], grid[0, 3, 0], grid[2, 0, 0], grid[2, 3, 0]] == [0, 51, 102, 255]
    whole = progress_picture(history(), samples)
    assert whole.width == 512
    assert whole.height > 256


@pytest.mark.parametrize(
    ("seconds", "text"), [(30.2, "30 s"), (61, "2 min"), (7000, "1 h 57 min"), (3600, "1 h 0 min")]
)
def test_time_left_is_said_in_words(seconds: float, text: str) -> None:
    report = Report(1, 2, {}, 0.1, 34.0, seconds, History())
    assert time_left(report) == f"34 a second, {text} left"
