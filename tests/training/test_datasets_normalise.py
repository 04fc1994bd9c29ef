"""Latents of unit size, pictures as before."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.vq_model import VQModel

from engine.errors import InvalidValueError
from engine.training.normalise import LatentScale, fold_scale, measure_latents

HALVES = {
    "block_out_channels": (8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 2,
    "mid_block_add_attention": False,
    "latent_channels": 3,
}


def vq_model() -> Any:
    torch.manual_seed(0)
    return VQModel(**HALVES, num_vq_embeddings=32, vq_embed_dim=3).eval()


def kl_model() -> Any:
    torch.manual_seed(0)
    return AutoencoderKL(**HALVES).eval()


def pictures() -> torch.Tensor:
    return torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


@torch.no_grad()
def test_a_codebook_model_has_unit_latents_and_the_same_pictures() -> None:
    model, images = vq_model(), pictures()
    latents = model.encode(images).latents
    model.quantize.embedding.weight.copy_(latents.movedim(1, -1).reshape(-1, 3)[:32])
    tokens = model.quantize(latents)[2][2]
    decoded = model.decode(latents).sample
    fold_scale(model, measure_latents([model.encode(images).latents]))
    folded = model.encode(images).latents
    assert torch.allclose(folded.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert folded.square().mean() == pytest.approx(1.0, abs=1e-3)
    assert torch.equal(model.quantize(folded)[2][2], tokens)
    assert torch.allclose(model.decode(folded).sample, decoded, atol=1e-4)


@torch.no_grad()
def test_a_kl_model_keeps_its_pictures_and_scales_its_noise() -> None:
    model, images = kl_model(), pictures()
    before = model.encode(images).latent_dist
    decoded = model.decode(before.mean).sample
    scale = measure_latents([model.encode(images).latent_dist.mean])
    fold_scale(model, scale)
    after = model.encode(images).latent_dist
    assert after.mean.square().mean() == pytest.approx(1.0, abs=1e-3)
    assert torch.allclose(after.std * scale.deviation, before.std, rtol=1e-3)
    assert torch.allclose(model.decode(after.mean).sample, decoded, atol=1e-4)


def test_channels_keep_their_proportions() -> None:
    images = pictures()
    scale = measure_latents([images * torch.tensor([1.0, 2.0, 3.0])[:, None, None]])
    assert scale.mean.shape == (3,)
    assert scale.deviation == pytest.approx(((1 + 4 + 9) / 3 / 3) ** 0.5, rel=0.01)


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_latents_that_say_nothing_are_refused(value: float) -> None:
    with pytest.raises(InvalidValueError, match="deviation of its latents"):
        measure_latents([torch.full_like(pictures(), value)])


def test_a_scale_is_a_plain_value() -> None:
    scale = LatentScale(torch.zeros(3), 1.0)
    model = vq_model()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    fold_scale(model, scale)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
