"""The trainer on a toy task: what it does at each step, and what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.errors import FileFormatError, InvalidValueError
from engine.training.objective import DivergedError
from engine.training.report import Report
from engine.training.settings import TrainSettings
from engine.training.state import StateSaveError, latest_state, read_state
from engine.training.trainer import Trainer
from tests.training.toy import LineObjective, Numbers, disk_with_room_for, line_trainer


def everything(trainer: Trainer[Tensor]) -> dict[str, Tensor]:
    _, tensors = read_state(trainer.save())
    return tensors


def test_it_finds_the_line(tmp_path: Path) -> None:
    objective = LineObjective()
    assert line_trainer(tmp_path, objective, steps=200, save_every=200).run()
    assert objective.line.slope.item() == pytest.approx(3, abs=0.05)
    assert objective.line.offset.item() == pytest.approx(-1, abs=0.05)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        objective = LineObjective()
        line_trainer(tmp_path / name, objective, seed=seed).run()
        found.append(objective.line.slope.detach())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("stop_at", [1, 5, 7, 19])
def test_a_stopped_run_goes_on_to_the_same_state(tmp_path: Path, stop_at: int) -> None:
    whole = line_trainer(tmp_path / "whole", accumulate=2)
    whole.run()
    first = line_trainer(tmp_path / "cut", accumulate=2)
    assert not first.run(should_stop=lambda: first.step == stop_at)
    second = line_trainer(tmp_path / "cut", accumulate=2)
    assert second.step == stop_at
    assert second.run()
    wanted, found = everything(whole), everything(second)
    assert wanted.keys() == found.keys()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_a_finished_run_is_not_done_again_and_more_steps_continue_it(tmp_path: Path) -> None:
    line_trainer(tmp_path).run()
    again = line_trainer(tmp_path)
    reports: list[Report] = []
    assert again.run(reports.append)
    assert reports == []
    longer = line_trainer(tmp_path, steps=25)
    assert longer.run(reports.append)
    assert (longer.step, reports[-1].step) == (25, 25)


def test_a_run_is_not_taken_for_a_shorter_one(tmp_path: Path) -> None:
    line_trainer(tmp_path, steps=20).run()
    with pytest.raises(InvalidValueError, match=r"steps: expected at least the 20 that are done"):
        line_trainer(tmp_path, steps=19)


def test_every_item_is_seen_once_each_time_round(tmp_path: Path) -> None:
    data = Numbers(10)
    line_trainer(tmp_path, data=data, steps=5, batch=4).run()
    seen = [index for indices in data.drawn for index in indices]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


def test_accumulated_batches_count_as_one_large_batch(tmp_path: Path) -> None:
    class Quiet(LineObjective):
        def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> dict[str, Tensor]:
            return {"loss": (self.line(batch) - (3 * batch - 1)).square().mean()}

    parts, whole = Quiet(), Quiet()
    line_trainer(tmp_path / "a", parts, batch=2, accumulate=3, steps=8).run()
    line_trainer(tmp_path / "b", whole, batch=6, accumulate=1, steps=8).run()
    torch.testing.assert_close(parts.line.slope, whole.line.slope)
    torch.testing.assert_close(parts.line.offset, whole.line.offset)


def test_reports_are_means_since_the_last_one(tmp_path: Path) -> None:
    reports: list[Report] = []
    every: list[Report] = []
    line_trainer(tmp_path / "a", steps=8, report_every=3, sample_every=4).run(reports.append)
    line_trainer(tmp_path / "b", steps=8, report_every=1).run(every.append)
    assert [report.step for report in reports] == [3, 6, 8]
    mean = sum(report.losses["loss"] for report in every[3:6]) / 3
    assert reports[1].losses["loss"] == pytest.approx(mean)
    assert reports[-1].history.steps == [3, 6, 8]
    assert reports[-1].samples is not None  # at the end; step 4 had no report
    assert [report.samples is None for report in reports[:2]] == [True, True]
    assert all(report.items_per_second > 0 and report.seconds_left >= 0 for report in reports)


def test_a_loss_that_is_no_number_stops_it_and_the_weights_before_it_are_kept(
    tmp_path: Path,
) -> None:
    broken = line_trainer(tmp_path / "nan", LineObjective(nan_from=12))
    with pytest.raises(DivergedError, match="before step 13: its loss or gradient is not finite"):
        broken.run()
    sound = line_trainer(tmp_path / "sound")
    sound.run(should_stop=lambda: sound.step == 12)
    path = latest_state(tmp_path / "nan")
    assert path is not None
    head, kept = read_state(path)
    assert head.step == 12
    wanted = everything(sound)
    assert all(torch.equal(wanted[name], kept[name]) for name in wanted)
    going_on = line_trainer(tmp_path / "nan", learning_rate=0.01)
    assert going_on.run()


def test_only_the_latest_states_are_kept(tmp_path: Path) -> None:
    line_trainer(tmp_path, keep=2).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "state-00000015.safetensors",
        "state-00000020.safetensors",
    ]


def test_a_full_disk_in_the_middle_of_a_state_leaves_the_last_one_intact(tmp_path: Path) -> None:
    first = line_trainer(tmp_path)
    first.run(should_stop=lambda: first.step == 5)
    before = everything(first)
    with (
        disk_with_room_for(100),
        pytest.raises(StateSaveError, match=r"state-00000005\.safetensors, is intact"),
    ):
        first.run()
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000005.safetensors"]
    again = line_trainer(tmp_path)
    assert again.step == 5
    after = everything(again)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_full_disk_before_the_first_state_says_that_there_is_none(tmp_path: Path) -> None:
    with disk_with_room_for(100), pytest.raises(StateSaveError, match="There is no earlier one"):
        line_trainer(tmp_path).run()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("objective", "data", "named"),
    [
        (LineObjective(width=2), Numbers(), "width"),
        (LineObjective(), Numbers(name="others"), "data set"),
    ],
)
def test_a_folder_with_another_run_is_refused(
    tmp_path: Path, objective: LineObjective, data: Numbers, named: str
) -> None:
    line_trainer(tmp_path, steps=1).run()
    with pytest.raises(InvalidValueError, match=f"{named}.*Choose another folder"):
        line_trainer(tmp_path, objective, data=data)


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    line_trainer(tmp_path, steps=1).run()
    path = latest_state(tmp_path)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(FileFormatError, match=r"state-00000001.*damaged"):
        line_trainer(tmp_path)


def test_an_empty_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="at least 1 item"):
        Trainer(LineObjective(), Numbers(0), TrainSettings(steps=1), tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("clip", 0.0),
        ("ema", 1.0),
        ("decay_from", -0.1),
        ("keep", 0),
        ("weight_decay", float("inf")),
    ],
)
def test_settings_out_of_range_are_named(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=name):
        line_trainer(tmp_path, **{name: value})


def test_averaged_weights_stand_in_for_the_length_of_a_block(tmp_path: Path) -> None:
    objective = LineObjective()
    trainer = line_trainer(tmp_path, objective, steps=5)
    trainer.run()
    assert trainer.average is not None
    present = objective.line.slope.detach().clone()
    with trainer.averaged_weights():
        assert torch.equal(objective.line.slope.detach(), trainer.average.tensors["line.slope"])
        assert not objective.line.training
    assert torch.equal(objective.line.slope.detach(), present)
    assert not torch.equal(present, trainer.average.tensors["line.slope"])
    assert objective.line.training


def test_bfloat16_trains_too(tmp_path: Path) -> None:
    objective = LineObjective()
    line_trainer(tmp_path, objective, steps=150, save_every=150, precision="bfloat16").run()
    assert objective.line.slope.item() == pytest.approx(3, abs=0.2)
    assert objective.line.slope.dtype is torch.float32
