"""The loss of latent diffusion, written out a second time, and what surrounds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import InvalidValueError
from engine.text.tokenizer import ClipTokenizer
from engine.training.data import LatentBatch
from engine.training.datasets.latents import CachedLatents
from engine.training.objectives.diffusion import (
    DiffusionObjective,
    DiffusionSettings,
    snr_weights,
)
from engine.training.report import Report
from engine.training.sampling import sample_pictures
from engine.training.settings import TrainSettings
from engine.training.trainer import Trainer

TINY: dict[str, Any] = {
    "widths": (16, 16), "attention": (False, True), "heads": 2, "text_width": 16,
    "text_layers": 1, "text_heads": 2, "tokens": 6,
}  # fmt: skip
TOKENIZER = ClipTokenizer.from_merges([("r", "e"), ("re", "d</w>")])


def tiny(**changed: Any) -> DiffusionObjective:
    return DiffusionObjective(DiffusionSettings(**{**TINY, **changed}), TOKENIZER, 4, seed=3)


def batch(count: int = 3) -> LatentBatch:
    latents = torch.randn(count, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    return LatentBatch(latents, ("red",) * count)


@pytest.mark.parametrize("prediction", ["eps", "v_prediction"])
def test_the_loss_is_the_weighted_error_of_what_is_predicted(
    monkeypatch: pytest.MonkeyPatch, prediction: Any
) -> None:
    objective = tiny(prediction=prediction, dropout=0.0, scale=0.5)
    seen: dict[str, torch.Tensor] = {}

    def predict(noisy: torch.Tensor, timesteps: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        seen.update(noisy=noisy, timesteps=timesteps)
        return torch.zeros_like(noisy)

    monkeypatch.setattr(objective, "predict", predict)
    losses = objective.loss(batch(), 0, torch.Generator().manual_seed(9))
    # Written out: betas rise as the square of a line, from 0.00085 to 0.012 (arXiv:2112.10752).
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = (1 - betas).cumprod(0)[seen["timesteps"]].view(-1, 1, 1, 1)
    clean = 0.5 * batch().latents.double()
    noise = (seen["noisy"].double() - kept.sqrt() * clean) / (1 - kept).sqrt()
    snr = (kept / (1 - kept)).flatten()
    if prediction == "eps":
        target, weight = noise, torch.minimum(snr, torch.tensor(5.0)) / snr
    else:
        target = kept.sqrt() * noise - (1 - kept).sqrt() * clean
        weight = torch.minimum(snr + 1, torch.tensor(6.0)) / (snr + 1)
    errors = target.square().mean((1, 2, 3))
    assert losses["loss"].item() == pytest.approx((weight * errors).mean().item(), rel=1e-3)
    assert losses["error"].item() == pytest.approx(errors.mean().item(), rel=1e-3)


def test_weights_are_limited_where_there_is_little_noise() -> None:
    alpha_bar = torch.tensor([0.5, 0.9, 0.99])  # SNR 1, 9, 99
    v = snr_weights(alpha_bar, DiffusionSettings())
    torch.testing.assert_close(v, torch.tensor([1.0, 0.6, 0.06]), atol=1e-4, rtol=0)
    eps = snr_weights(alpha_bar, DiffusionSettings(prediction="eps"))
    torch.testing.assert_close(eps, torch.tensor([1.0, 5 / 9, 5 / 99]), atol=1e-4, rtol=0)


def timesteps_of(
    monkeypatch: pytest.MonkeyPatch, objective: DiffusionObjective, count: int, seed: int
) -> torch.Tensor:
    """Return the timesteps at which a loss of `count` latents looks."""
    seen: list[torch.Tensor] = []

    def predict(noisy: torch.Tensor, timesteps: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        seen.append(timesteps)
        return torch.zeros_like(noisy)

    monkeypatch.setattr(objective, "predict", predict)
    objective.loss(batch(count), 0, torch.Generator().manual_seed(seed))
    return seen[0]


def test_every_stretch_of_noise_levels_is_in_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    timesteps = timesteps_of(monkeypatch, tiny(), 10, seed=0)
    assert (timesteps // 100).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("bias", "expected"),
    [
        (0.0, [125, 375, 625, 875]),
        (0.5, [353, 612, 790, 935]),  # square roots of 1/8, 3/8, 5/8, 7/8, of 1000 steps
        (0.75, [594, 782, 889, 967]),  # fourth roots
    ],
)
def test_biased_timesteps_by_hand(
    monkeypatch: pytest.MonkeyPatch, bias: float, expected: list[int]
) -> None:
    def middle(*size: int, generator: torch.Generator) -> torch.Tensor:
        return torch.full(size, 0.5)

    monkeypatch.setattr(torch, "rand", middle)
    timesteps = timesteps_of(monkeypatch, tiny(noise_bias=bias), 4, seed=0)
    assert timesteps.tolist() == expected


@pytest.mark.parametrize(("bias", "low"), [(0.0, 200), (0.5, 100), (0.75, 25)])
def test_a_bias_leaves_fewer_looks_below_half_of_the_noise_levels(
    monkeypatch: pytest.MonkeyPatch, bias: float, low: int
) -> None:
    timesteps = timesteps_of(monkeypatch, tiny(noise_bias=bias), 400, seed=9)
    # u ** (1 - bias) < 1/2 where u < (1/2) ** (1 / (1 - bias)): 1/2, 1/4, 1/16 of 400 stretches.
    assert int((timesteps < 500).sum()) == low


def test_a_bias_looks_at_noisy_latents_oftener(monkeypatch: pytest.MonkeyPatch) -> None:
    means = [
        timesteps_of(monkeypatch, tiny(noise_bias=bias), 400, seed=9).float().mean().item() / 1000
        for bias in (0.0, 0.5)
    ]
    # The mean of u ** p, u uniform, is 1 / (p + 1).
    assert means == pytest.approx([0.5, 1 / 1.5], abs=0.01)


def test_a_text_encoder_that_is_not_trained_keeps_its_first_weights(tmp_path: Path) -> None:
    objective = tiny(train_text=False)
    before = {name: weight.clone() for name, weight in objective.text.state_dict().items()}
    unet = objective.unet.conv_in.weight.clone()
    data = CachedLatents(batch(4).latents, ("red",) * 4, "x")
    Trainer(objective, data, TrainSettings(steps=2, batch=2), tmp_path).run()
    after = objective.text.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(unet, objective.unet.conv_in.weight)


@torch.no_grad()
def test_words_make_a_difference_from_the_start() -> None:
    tokenizer = ClipTokenizer.from_merges([("r", "e"), ("re", "d</w>")])
    settings = DiffusionSettings(text_width=128, tokens=24)
    objective = DiffusionObjective(settings, tokenizer, 4, seed=0)
    red, blue = objective.context(["a red", "a x"])
    apart = (red - blue).norm(dim=-1) / red.norm(dim=-1)
    assert apart[2] > 0.5
    assert apart[2:].mean() > 0.2


def test_captions_are_left_out_as_often_as_said(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    objective = tiny(dropout=0.25)
    context = objective.context

    def watched(captions: Sequence[str]) -> torch.Tensor:
        seen.extend(captions)
        return context(captions)

    monkeypatch.setattr(objective, "context", watched)
    for number in range(20):
        objective.loss(batch(10), number, torch.Generator().manual_seed(number))
    assert 0.15 < seen.count("") / len(seen) < 0.35
    assert set(seen) == {"", "red"}


def test_a_long_caption_is_cut_to_one_chunk() -> None:
    objective = tiny()
    assert objective.context(["red red red red red red", ""]).shape == (2, 6, 16)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"heads": 3}, "heads"),
        ({"text_heads": 3}, "text_heads"),
        ({"attention": (True,)}, "attention"),
    ],
)
def test_a_shape_that_is_none_is_refused(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidValueError, match=named):
        tiny(**changed)


@pytest.mark.parametrize(("widths", "groups"), [((48, 20), 4), ((7, 9), 1), ((64, 32), 32)])
def test_groups_of_channels_divide_every_width(widths: tuple[int, int], groups: int) -> None:
    unet = tiny(widths=widths, attention=(False, False)).unet
    assert unet.conv_norm_out.num_groups == groups


class ColourLatents:
    """Two captions, each with latents around a mean of its own."""

    fingerprint = "colours"

    def __len__(self) -> int:
        return 8

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        signs = torch.tensor([1.0 if index % 2 else -1.0 for index in indices])
        noise = 0.1 * torch.randn(len(indices), 4, 4, 4, generator=generator)
        return LatentBatch(
            signs.view(-1, 1, 1, 1) + noise, tuple("red" if sign > 0 else "b" for sign in signs)
        )


class Decoder:
    """A first stage whose pictures are its latents' first three channels."""

    downscale = 1
    latent_channels = 4

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return (latent[:, :3].movedim(1, -1) / 4 + 0.5).clamp(0, 1)


def test_it_learns_what_words_mean(tmp_path: Path) -> None:
    objective = tiny(dropout=0.0)
    settings = TrainSettings(
        steps=100, batch=8, learning_rate=1e-2, ema=0.9, save_every=100, report_every=20
    )
    reports: list[Report] = []
    Trainer(objective, ColourLatents(), settings, tmp_path).run(reports.append)
    assert reports[-1].losses["loss"] < 0.4 * reports[0].losses["loss"]
    pictures = sample_pictures(
        objective, lambda: None, vae=Decoder(), prompts=["red", "b"],  # type: ignore[arg-type]
        latent_shape=(4, 4, 4), seed=0,
    )  # fmt: skip
    assert pictures.shape == (2, 4, 4, 3)
    assert pictures[0].mean() > 0.6  # its latents are near 1
    assert pictures[1].mean() < 0.4  # and these near -1
