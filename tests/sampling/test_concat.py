"""Further input channels of inpainting and editing models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.guiders import Guider
from engine.sampling.noise import initial_noise
from engine.sampling.registry import find_sampler
from engine.sampling.sample import sample
from engine.sampling.schedules import karras_sigmas
from tests.sampling.sampling_fakes import GaussianModel, prompt

SCALE = 0.18215
MASK = torch.zeros(1, 1, 64, 64)
MASK[..., 32:] = 1


def concat_of(
    channels: int, latent: Tensor, noise_mask: Tensor | None = None, **keys: Any
) -> Tensor | None:
    """Return what a network of so many further channels was shown beside the latent."""
    model = GaussianModel(concat_channels=channels)
    sample(
        Guider(model, prompt(0.0, **keys), prompt(0.0, **keys), 2.0),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler("euler"),
        sigmas=karras_sigmas(1, 0.03, 14.6, 7.0),
        seed=3,
        noise_mask=noise_mask,
    )
    shown: Tensor | None = model.extras[0].get("concat")
    return shown


def test_an_inpainting_model_sees_the_mask_and_the_scaled_picture() -> None:
    picture = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1))

    shown = concat_of(
        5, torch.zeros(2, 4, 8, 8), concat_latent_image=picture, concat_mask=MASK * 0.9
    )

    assert shown is not None
    assert shown.shape == (4, 5, 8, 8)  # two pictures, positive and negative
    assert set(shown[:, 0].flatten().tolist()) == {0.0, 1.0}  # rounded, as in training
    assert torch.equal(shown[:, 0, 0, 4:], torch.ones(4, 4))
    torch.testing.assert_close(shown[:, 1:], (picture * SCALE).expand(4, 4, 8, 8))


def test_without_a_picture_an_inpainting_model_sees_its_latent_under_the_noise_mask() -> None:
    latent = torch.full((1, 4, 8, 8), 2.0)

    shown = concat_of(5, latent, noise_mask=MASK)

    assert shown is not None
    assert torch.equal(shown[0, 0, :, 4:], torch.ones(8, 4))
    torch.testing.assert_close(shown[:1, 1:], latent * SCALE)


def test_without_any_mask_an_inpainting_model_sees_a_grey_picture_to_fill() -> None:
    shown = concat_of(5, torch.zeros(1, 4, 8, 8))

    assert shown is not None
    assert shown[0, :, 3, 3].tolist() == pytest.approx([1, 0.8223, -0.6876, 0.6364, 0.1380])


def test_an_editing_model_sees_the_picture_unscaled_and_at_the_latents_size() -> None:
    picture = torch.full((1, 4, 4, 4), 3.0)

    shown = concat_of(4, torch.zeros(1, 4, 8, 8), concat_latent_image=picture)

    assert shown is not None
    assert torch.equal(shown, torch.full((2, 4, 8, 8), 3.0))


def test_other_models_are_shown_nothing() -> None:
    picture = torch.ones(1, 4, 8, 8)

    assert concat_of(0, torch.zeros(1, 4, 8, 8), concat_latent_image=picture) is None


def test_an_area_sees_its_part_of_the_picture() -> None:
    shown = concat_of(5, torch.zeros(1, 4, 8, 8), concat_mask=MASK, area=(8, 4, 0, 4))

    assert shown is not None
    assert shown.shape == (2, 5, 8, 4)
    assert torch.equal(shown[:, 0], torch.ones(2, 8, 4))


def test_channels_of_no_known_kind_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="3 further input channels"):
        concat_of(3, torch.zeros(1, 4, 8, 8))


def test_a_wrapper_gets_the_channels_and_hands_them_on() -> None:
    def wrapper(apply_model: Any, given: dict[str, Any]) -> Tensor:
        assert given["c"]["c_concat"].shape == (1, 5, 8, 8)
        result: Tensor = apply_model(given["input"], given["timestep"], **given["c"])
        return result

    model = GaussianModel(concat_channels=5, options={"model_function_wrapper": wrapper})
    latent = torch.zeros(1, 4, 8, 8)
    sample(
        Guider(model, prompt(0.0)),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler("euler"),
        sigmas=karras_sigmas(1, 0.03, 14.6, 7.0),
        seed=3,
    )

    assert "concat" in model.extras[0]
