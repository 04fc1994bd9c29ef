"""Training rate of the starter's networks on the CPU, against a bare loop over the same UNet.

`python tests/bench/training_bench.py [--batch N] [--steps N] [--threads N]`

Rates are per second of CPU time, so that other work on the machine counts little; the ratio of
the trainer to the bare loop says what the trainer costs. Also timed: saving the whole state.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.text.tokenizer import ClipTokenizer
from engine.training.data import Batch, LatentBatch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.objectives.diffusion import DiffusionObjective, DiffusionSettings
from engine.training.settings import TrainSettings
from engine.training.trainer import Trainer

ITEMS = 256


class Pictures:
    """Random pictures of the starter's size."""

    fingerprint = "bench"

    def __len__(self) -> int:
        return ITEMS

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        """Return noise: what is drawn does not change the time a step takes."""
        images = torch.rand(len(indices), 3, 64, 64, generator=generator) * 2 - 1
        return Batch(images, ("",) * len(indices))


class Latents:
    """Random latents of the starter's size, with captions."""

    fingerprint = "bench"

    def __len__(self) -> int:
        return ITEMS

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        """Return noise, as above."""
        latents = torch.randn(len(indices), 4, 16, 16, generator=generator)
        return LatentBatch(latents, tuple(f"a red apple number {index}" for index in indices))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of this process that `work` takes."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def trained(objective: Any, data: Any, batch: int, steps: int, folder: Path) -> float:
    """Return items a CPU second, after two steps to warm up."""
    settings = TrainSettings(steps=steps + 2, batch=batch, save_every=steps + 2)
    trainer: Trainer[Any] = Trainer(objective, data, settings, folder)
    trainer.run(should_stop=lambda: trainer.step == 2)
    seconds = cpu_seconds(lambda: trainer.run(should_stop=lambda: trainer.step == steps + 1))
    return batch * (steps - 1) / seconds


def bare(objective: DiffusionObjective, batch: int, steps: int) -> float:
    """Return items a CPU second of forward, backward and AdamW on the UNet alone."""
    weights = list(objective.unet.parameters())
    optimizer = torch.optim.AdamW(weights, lr=1e-4, fused=True)
    latents, context = torch.randn(batch, 4, 16, 16), torch.randn(batch, 24, 128)
    timesteps = torch.arange(batch)

    def loop() -> None:
        for _ in range(steps):
            loss: Tensor = objective.predict(latents, timesteps, context).square().mean()
            torch.autograd.backward(loss)
            optimizer.step()
            optimizer.zero_grad()

    loop()
    return batch * steps / cpu_seconds(loop)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        diffusion = DiffusionObjective(DiffusionSettings(), ClipTokenizer.from_merges(()), 4, 0)
        rate = trained(diffusion, Latents(), given.batch, given.steps, folder / "diffusion")
        loop = bare(diffusion, given.batch, given.steps)
        print(f"diffusion: {rate:.1f} latents a CPU second, {rate / loop:.2f} of a bare UNet loop")
        for crop in (32, 0):
            shape = AutoencoderSettings(crop=crop, crop_until=10**6, quantize_from=10**6)
            stage = AutoencoderObjective(shape, 0, None)
            rate = trained(stage, Pictures(), 8, given.steps, folder / f"stage{crop}")
            print(f"first stage, {crop or 64} pixels: {rate:.1f} pictures a CPU second")
        trainer = Trainer(diffusion, Latents(), TrainSettings(steps=1), folder / "save")
        started = time.perf_counter()
        size = trainer.save().stat().st_size
        print(f"state: {size / 1e6:.0f} MB saved in {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
