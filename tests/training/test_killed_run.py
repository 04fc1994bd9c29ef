"""A real first stage learns; killed in the middle and run again, it ends the same bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.settings import TrainSettings
from engine.training.state import read_state
from engine.training.trainer import Trainer
from tests.training import killed_run

ROOT = Path(__file__).parents[2]
# Sums are split among threads, so their number decides the last bits.
ONE_THREAD = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.e2e
@pytest.mark.timeout(300)  # another process reads all libraries, while others may compute
@pytest.mark.parametrize("stop_at", [23, 33])  # before and after the adversary starts, unsaved
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, stop_at: int) -> None:
    whole = killed_run.trainer(tmp_path / "whole")
    assert whole.run()
    command = [sys.executable, killed_run.__file__, str(tmp_path / "cut"), str(stop_at)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ONE_THREAD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.kill()
    again = killed_run.trainer(tmp_path / "cut")
    assert again.step == stop_at - stop_at % 5
    assert again.run()
    (_, wanted), (_, found) = (read_state(run.save()) for run in (whole, again))
    assert wanted.keys() == found.keys()
    for name, tensor in wanted.items():
        assert torch.equal(tensor.nan_to_num(-1), found[name].nan_to_num(-1)), name


def test_the_loss_falls(tmp_path: Path) -> None:
    settings = TrainSettings(
        steps=100, batch=4, learning_rate=1e-2, ema=0.9, save_every=100, report_every=10
    )
    shape = AutoencoderSettings(widths=(8, 16), codes=32, quantize_from=60)
    objective = AutoencoderObjective(shape, 0, None)
    run = Trainer(objective, killed_run.Gradients(), settings, tmp_path)
    run.run()
    l1 = run.history.values["l1"]
    assert l1[-1] < 0.75 * l1[0]
