"""What KSampler and KSamplerAdvanced promise for stretches, batches and any settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.ancestral import ancestral_step
from engine.sampling.guiders import Guider
from engine.sampling.ksampler import ksampler, scheduled_sigmas
from engine.sampling.noise import initial_noise
from engine.sampling.registry import find_sampler, sampler_names
from engine.sampling.sample import sample
from engine.sampling.schedules import schedule_names
from engine.types import LatentDict, Prediction
from tests.sampling.sampling_fakes import GaussianModel, prompt

SCALE = 0.18215
WITHOUT_MEMORY = ["euler", "heun", "dpm_2", "ddim", "euler_cfg_pp"]


def run(latent: LatentDict, model: GaussianModel | None = None, **more: Any) -> Tensor:
    chosen: dict[str, Any] = {
        "seed": 7,
        "steps": 20,
        "cfg": 3.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "positive": prompt(0.5),
        "negative": prompt(0.1),
    }
    return ksampler(model or GaussianModel(), latent=latent, **{**chosen, **more})["samples"]


def empty(batch: int = 1) -> LatentDict:
    return {"samples": torch.zeros(batch, 4, 8, 8)}


@pytest.mark.parametrize("prediction", [Prediction.EPS, Prediction.V, Prediction.FLOW])
@pytest.mark.parametrize("name", WITHOUT_MEMORY)
def test_ten_steps_and_ten_more_are_the_twenty_step_run(name: str, prediction: Prediction) -> None:
    model = GaussianModel(prediction=prediction)
    whole = run(empty(), model, sampler_name=name)

    first = run(empty(), model, sampler_name=name, end_step=10)
    second = run({"samples": first}, model, sampler_name=name, start_step=10, add_noise=False)

    # The latent is scaled out and in again between the stretches: float32 rounding.
    torch.testing.assert_close(second, whole, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(first, whole, atol=0.1)


def test_a_stretch_that_ends_early_is_denoised_fully_when_asked() -> None:
    kept = run(empty(), end_step=10)
    cleaned = run(empty(), end_step=10, force_full_denoise=True)

    assert (cleaned * SCALE).std() < (kept * SCALE).std()
    assert cleaned.mean().item() * SCALE == pytest.approx(0.1 + 3 * 0.4, abs=0.15)


@pytest.mark.parametrize("name", ["euler", "dpmpp_2m", "uni_pc"])
def test_an_item_of_a_batch_index_has_the_same_bits_in_any_batch(name: str) -> None:
    three: LatentDict = {**empty(3), "batch_index": [0, 1, 2]}
    one: LatentDict = {**empty(1), "batch_index": [2]}

    assert torch.equal(run(three, sampler_name=name)[2:], run(one, sampler_name=name))


def test_half_denoise_keeps_half_of_a_picture() -> None:
    """The distance a run can pull a picture is that of its first sigma."""
    picture: LatentDict = {"samples": torch.full((1, 4, 8, 8), 3 / SCALE)}
    whole, half, little = (run(picture, denoise=d) * SCALE for d in (1.0, 0.5, 0.1))

    aim = 0.1 + 3 * 0.4
    distances = [(result - aim).abs().mean().item() for result in (whole, half, little)]
    assert distances == sorted(distances)
    assert (little - 3).abs().mean() < 0.5
    model = GaussianModel()
    assert len(scheduled_sigmas(model, "normal", 20, 0.5)) == 21
    assert torch.equal(
        scheduled_sigmas(model, "normal", 20, 0.5), scheduled_sigmas(model, "normal", 40)[-21:]
    )


def test_a_denoise_too_small_for_any_memory_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="denoise"):
        run(empty(), denoise=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sampler_names()),
    scheduler=st.sampled_from(schedule_names()),
    denoise=st.just(0.0) | st.floats(0.01, 1.0),
    steps=st.integers(1, 6),
    start=st.none() | st.integers(0, 8),
    end=st.none() | st.integers(0, 8),
    full=st.booleans(),
    flow=st.booleans(),
    batch=st.integers(1, 2),
)
def test_any_stretch_of_any_run_gives_finite_latents_of_the_same_shape(
    name: str,
    scheduler: str,
    denoise: float,
    steps: int,
    start: int | None,
    end: int | None,
    full: bool,
    flow: bool,
    batch: int,
) -> None:
    model = GaussianModel(prediction=Prediction.FLOW if flow else Prediction.EPS)
    latent: LatentDict = {
        "samples": torch.ones(batch, 4, 4, 4),
        "noise_mask": torch.ones(1, 1, 8, 8),
    }

    result = run(
        latent,
        model,
        sampler_name=name,
        scheduler=scheduler,
        denoise=denoise,
        steps=steps,
        start_step=start,
        end_step=end,
        force_full_denoise=full,
    )

    assert result.shape == (batch, 4, 4, 4)
    assert result.isfinite().all()
    assert torch.equal(latent["samples"], torch.ones(batch, 4, 4, 4))


FLOW_SAMPLERS = [
    name
    for name in sampler_names()
    if not name.endswith(("_gpu", "_cfg_pp")) and name not in ("lcm", "ddim")
]


@pytest.mark.parametrize("name", FLOW_SAMPLERS)
def test_flow_models_are_sampled_to_their_distribution(name: str) -> None:
    model = GaussianModel(prediction=Prediction.FLOW, spread=0.5)
    latent = torch.zeros(1, 4, 24, 24)

    result = sample(
        Guider(model, prompt(0.3)),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler(name),
        sigmas=torch.linspace(1, 0, 121),
        seed=3,
    )

    # 2,304 samples: standard errors 0.010 and 0.007, plus the first order samplers' bias.
    assert result.latent.mean().item() * SCALE == pytest.approx(0.3, abs=0.04)
    assert result.latent.std().item() * SCALE == pytest.approx(0.5, rel=0.06)


@pytest.mark.parametrize("eta", [0.3, 1.0])
@pytest.mark.parametrize(("sigma", "sigma_next"), [(1.0, 0.8), (0.8, 0.5), (0.3, 0.1)])
def test_ancestral_steps_of_flow_models_end_at_the_next_level(
    eta: float, sigma: float, sigma_next: float
) -> None:
    level = ancestral_step(sigma, sigma_next, eta, flow=True)

    # On the path signal is 1 - sigma and noise sigma; both must be right after the fresh noise.
    assert level.keep * (1 - level.down) == pytest.approx(1 - sigma_next)
    noise = ((level.keep * level.down) ** 2 + level.renoise**2) ** 0.5
    assert noise == pytest.approx(sigma_next)
    assert level.down < sigma_next


def test_a_run_that_ends_in_the_last_table_entry_is_scaled_like_a_clean_one() -> None:
    """Flow latents with noise left are divided by 1 - sigma, so that their signal is whole."""
    model = GaussianModel(prediction=Prediction.FLOW, spread=1e-4)

    latent = run(empty(), model, end_step=19, cfg=1.0)

    assert latent.mean().item() * SCALE == pytest.approx(0.5, abs=0.05)
