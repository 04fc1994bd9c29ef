"""Stops within long work: soon, and without a trace in what a run ends with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.training.data import Batch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.report import Report
from engine.training.settings import TrainSettings
from engine.training.state import latest_state, read_state
from engine.training.trainer import Trainer
from engine.vq.codebook import kmeans_codebook
from tests.training.toy import line_trainer


class CountedStop:
    """Asks for a stop from the n-th question on; 0 never does."""

    def __init__(self, at: int) -> None:
        self.at, self.asked = at, 0

    def __call__(self) -> bool:
        self.asked += 1
        return 0 < self.at <= self.asked


class Noise:
    """Pictures of noise, four of them."""

    fingerprint = "noise"

    def __len__(self) -> int:
        return 4

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        images = torch.rand(len(indices), 3, 8, 8, generator=generator) * 2 - 1
        return Batch(images, ("",) * len(indices))


def autoencoder_trainer(folder: Path) -> Trainer[Batch]:
    shape = AutoencoderSettings(widths=(4, 4), codes=8, quantize_from=1, norm_groups=2)
    settings = TrainSettings(
        steps=3, batch=2, accumulate=2, report_every=2, sample_every=2, save_every=100
    )
    shown = torch.zeros(3, 3, 8, 8)
    return Trainer(AutoencoderObjective(shape, 0, shown), Noise(), settings, folder)


def weights(folder: Path) -> dict[str, Tensor]:
    path = latest_state(folder)
    assert path is not None
    _, tensors = read_state(path)
    return {name: tensor for name, tensor in tensors.items() if "history" not in name}


def test_a_stop_between_batches_of_one_step_leaves_it_undone(tmp_path: Path) -> None:
    line_trainer(tmp_path / "whole", accumulate=4, steps=3).run()
    cut = line_trainer(tmp_path / "cut", accumulate=4, steps=3)
    # Each step asks once to prepare, thrice between four batches, and once after it.
    assert not cut.run(should_stop=CountedStop(at=8))
    assert cut.step == 1
    assert cut.run()  # gradients of the step left undone are gone
    wanted, found = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_wherever_an_autoencoder_is_stopped_it_ends_the_same(tmp_path: Path) -> None:
    counter = CountedStop(at=0)
    assert autoencoder_trainer(tmp_path / "whole").run(should_stop=counter)
    wanted = weights(tmp_path / "whole")
    # Clusters: one question for each of 8 batches and of 20 iterations; samples: each of 3.
    assert counter.asked == 3 * 2 + (8 + 20) + 2 * 3
    for at in (2, 12, 33):
        folder = tmp_path / str(at)
        assert not autoencoder_trainer(folder).run(should_stop=CountedStop(at))
        assert autoencoder_trainer(folder).run()
        found = weights(folder)
        assert all(torch.equal(wanted[name], found[name]) for name in wanted), at


def test_a_stop_while_samples_are_drawn_leaves_the_samples_out(tmp_path: Path) -> None:
    trainer = line_trainer(tmp_path, report_every=1, sample_every=1)
    reports: list[Report] = []
    answers = iter([False, True, True])  # before the step, while samples are drawn, after it
    assert not trainer.run(reports.append, lambda: next(answers))
    assert [(report.step, report.samples) for report in reports] == [(1, None)]
    assert latest_state(tmp_path) == tmp_path / "state-00000001.safetensors"


def test_clusters_can_be_given_up() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    vectors = torch.rand(20, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(KeyboardInterrupt):
        kmeans_codebook(vectors, 4, torch.Generator().manual_seed(0), pulse=stop)


def test_the_codebook_of_large_pictures_is_made_of_some_of_their_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from engine.training.objectives import autoencoder

    seen: list[int] = []

    def clusters(vectors: Tensor, size: int, *_: object, **__: object) -> Tensor:
        seen.append(len(vectors))
        return vectors[:size]

    monkeypatch.setattr(autoencoder, "kmeans_codebook", clusters)
    monkeypatch.setattr(autoencoder, "CLUSTERED_CELLS", 10)
    shape = AutoencoderSettings(widths=(4, 4), codes=8, norm_groups=2)
    objective = AutoencoderObjective(shape, 0, None)

    def draw(count: int, generator: torch.Generator) -> Batch:
        return Noise().draw(range(count), generator)

    objective.prepare(0, draw, torch.Generator().manual_seed(0), lambda: None)
    assert seen == [256 * 10]
