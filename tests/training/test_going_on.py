"""Every objective and precision: cut in the middle and gone on with, a run ends the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.text.tokenizer import ClipTokenizer
from engine.training.data import Batch, LatentBatch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.objectives.diffusion import DiffusionObjective, DiffusionSettings
from engine.training.settings import TrainSettings
from engine.training.state import read_state
from engine.training.trainer import Trainer

Make = Callable[[Path], Trainer[Any]]


class Colours:
    """Pictures of one colour each, with noise."""

    fingerprint = "colours"

    def __len__(self) -> int:
        return 4

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        colours = torch.linspace(-1, 1, 12).view(4, 3, 1, 1)[list(indices)]
        noise = 0.1 * torch.randn(len(indices), 3, 8, 8, generator=generator)
        return Batch((colours + noise).clamp(-1, 1), ("",) * len(indices))


class Latents:
    """Latents of noise with captions."""

    fingerprint = "latents"

    def __len__(self) -> int:
        return 4

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        latents = torch.randn(len(indices), 4, 4, 4, generator=generator)
        return LatentBatch(latents, tuple("ab"[index % 2] for index in indices))


def autoencoder(**changed: Any) -> AutoencoderObjective:
    settings = AutoencoderSettings(widths=(4, 4), codes=8, norm_groups=2, **changed)
    return AutoencoderObjective(settings, 0, None)


def diffusion(**changed: Any) -> DiffusionObjective:
    settings = DiffusionSettings(
        widths=(8,), attention=(True,), heads=2, text_width=8, text_layers=1, text_heads=2,
        tokens=4, **changed,
    )  # fmt: skip
    return DiffusionObjective(settings, ClipTokenizer.from_merges(()), 4, 0)


def trainer(objective: Any, data: Any, folder: Path, **changed: Any) -> Trainer[Any]:
    given = {"steps": 5, "batch": 2, "report_every": 2, "save_every": 100, "ema": 0.5, **changed}
    return Trainer(objective, data, TrainSettings(**given), folder)


KINDS: dict[str, Make] = {
    "kl": lambda folder: trainer(autoencoder(regulariser="kl"), Colours(), folder),
    "codebook by loss": lambda folder: trainer(autoencoder(codebook="loss"), Colours(), folder),
    "diffusion": lambda folder: trainer(diffusion(), Latents(), folder),
    "frozen text": lambda folder: trainer(diffusion(train_text=False), Latents(), folder),
    "float16": lambda folder: trainer(diffusion(), Latents(), folder, precision="float16"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_cut_ends_with_the_same_bits(tmp_path: Path, kind: str) -> None:
    make = KINDS[kind]
    whole, cut = make(tmp_path / "whole"), make(tmp_path / "cut")
    assert whole.run()
    assert not cut.run(should_stop=lambda: cut.step == 3)
    again = make(tmp_path / "cut")
    assert again.step == 3
    assert again.run()
    (head, wanted), (found_head, found) = (read_state(run.save()) for run in (whole, again))
    assert found_head.scaler == head.scaler
    assert wanted.keys() == found.keys()
    for name, tensor in wanted.items():
        assert torch.equal(tensor.nan_to_num(-1), found[name].nan_to_num(-1)), name


def test_the_scale_of_float16_falls_while_gradients_overflow(tmp_path: Path) -> None:
    objective = diffusion(scale=1e4, prediction="v_prediction")
    run = trainer(objective, Latents(), tmp_path, precision="float16", steps=1)
    before = [weight.detach().clone() for weight in objective.unet.parameters()]
    assert run.run()
    head, _ = read_state(tmp_path / "state-00000001.safetensors")
    assert head.scaler["scale"] == 2.0**15, "half of what it starts with"
    after = list(objective.unet.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_codebook_trained_by_its_loss_comes_to_the_codes(tmp_path: Path) -> None:
    objective = autoencoder(codebook="loss", commitment=0.0, quantize_from=1)
    assert objective.autoencoder.quantize.embedding.weight.requires_grad
    run = trainer(objective, Colours(), tmp_path, steps=3)
    assert run.run()
    losses = objective.loss(Colours().draw([0], torch.Generator()), 3, torch.Generator())
    assert losses["codebook"].item() == pytest.approx(losses["commitment"].item())
    gradient = torch.autograd.grad(
        losses["codebook"], objective.autoencoder.quantize.embedding.weight
    )[0]
    assert gradient.abs().sum() > 0


def test_the_kl_loss_is_the_divergence_from_a_unit_gaussian() -> None:
    objective = autoencoder(regulariser="kl")
    pictures = Colours().draw([0, 3], torch.Generator().manual_seed(0))
    losses = objective.loss(pictures, 0, torch.Generator().manual_seed(0))
    with torch.no_grad():
        stage: Any = objective.autoencoder
        mean, log_variance = stage.quant_conv(stage.encoder(pictures.images)).chunk(2, dim=1)
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    unit = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    wanted = torch.distributions.kl_divergence(normal, unit).mean()
    assert losses["kl"].item() == pytest.approx(wanted.item(), rel=1e-5)
