"""A real training run: `python killed_run.py FOLDER STOP_AT`; there it waits to be killed."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.training.data import Batch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.objectives.discriminator import DiscriminatorSettings
from engine.training.settings import TrainSettings
from engine.training.trainer import Trainer

STEPS = 36
SETTINGS = AutoencoderSettings(
    widths=(8, 16),
    codes=16,
    crop=8,
    crop_until=12,
    quantize_from=8,
    discriminator=DiscriminatorSettings(start=24, width=8, layers=1),
)


class Gradients:
    """Pictures of smooth colours."""

    fingerprint = "gradients"

    def __len__(self) -> int:
        return 16

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        fixed = torch.Generator().manual_seed(1)
        corners = torch.rand(16, 3, 2, 2, generator=fixed) * 2 - 1
        pictures = torch.nn.functional.interpolate(corners, size=16, mode="bilinear")[list(indices)]
        noise = 0.02 * torch.randn(pictures.shape, generator=generator)
        return Batch(pictures + noise, ("",) * len(indices))


def trainer(folder: Path) -> Trainer[Batch]:
    """Return the run's trainer, at the latest state in its folder."""
    settings = TrainSettings(
        steps=STEPS, batch=4, learning_rate=5e-3, ema=0.9, save_every=5, report_every=4
    )
    return Trainer(AutoencoderObjective(SETTINGS, 0, None), Gradients(), settings, folder)


def main() -> None:
    """Train up to a step and wait there."""
    run = trainer(Path(sys.argv[1]))
    stop_at = int(sys.argv[2])

    def wait() -> bool:
        if run.step == stop_at:
            print("waiting", flush=True)
            time.sleep(600)
        return False

    run.run(should_stop=wait)


if __name__ == "__main__":
    main()
