"""Whole runs: starts, guidance, regions, masks, and the KSampler rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import noised
from engine.sampling.ksampler import cut_sigmas, ksampler, scheduled_sigmas
from engine.sampling.noise import initial_noise
from engine.sampling.preview import latent_preview
from engine.sampling.registry import find_sampler
from engine.sampling.sample import Guider, Sampled, sample
from engine.sampling.schedules import make_sigmas
from engine.sampling.sigmas import table_of
from engine.types import LatentDict, LatentFormat, Prediction
from tests.sampling.sampling_fakes import GaussianModel, prompt

SCALE = 0.18215
EMPTY = torch.zeros(1, 4, 16, 16)


def simple_run(
    model: GaussianModel,
    positive: list[Any],
    negative: list[Any] | None = None,
    cfg: float = 1.0,
    latent: Tensor = EMPTY,
    steps: int = 6,
    **more: Any,
) -> Sampled:
    return sample(
        Guider(model, positive, negative, cfg),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler("euler"),
        sigmas=make_sigmas(table_of(model), "karras", steps),
        seed=3,
        **more,
    )


@pytest.mark.parametrize("prediction", list(Prediction))
def test_every_prediction_finds_the_mean_of_the_data(prediction: Prediction) -> None:
    model = GaussianModel(prediction=prediction, spread=1e-3)

    result = simple_run(model, prompt(0.5), latent=torch.zeros(2, 4, 8, 8), steps=20)

    # Timesteps of eps, v and x0 models are whole table indices: the fake's sigma differs by 0.3 %.
    torch.testing.assert_close(
        result.latent * SCALE, torch.full((2, 4, 8, 8), 0.5), atol=0.06, rtol=0
    )


def test_initial_noise_is_the_global_stream_of_the_seed() -> None:
    torch.manual_seed(42)
    expected = torch.randn(2, 4, 3, 3)

    assert torch.equal(initial_noise(torch.zeros(2, 4, 3, 3), 42), expected)


def test_noise_by_batch_index_does_not_depend_on_the_batch() -> None:
    three = initial_noise(torch.zeros(3, 4, 3, 3), 7, [0, 1, 2])
    picked = initial_noise(torch.zeros(3, 4, 3, 3), 7, [2, 2, 0])

    assert torch.equal(picked, three[[2, 2, 0]])


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_outside_64_bits_are_refused(seed: int) -> None:
    with pytest.raises(InvalidValueError, match="seed"):
        initial_noise(EMPTY, seed)


def test_starts_follow_the_prediction() -> None:
    noise, latent = torch.full((1,), 2.0), torch.full((1,), 3.0)

    def at(prediction: Prediction, pure: bool) -> float:
        return noised(prediction, noise, latent, 0.75, from_pure_noise=pure).item()

    assert at(Prediction.EPS, False) == 2 * 0.75 + 3
    assert at(Prediction.EPS, True) == 2 * 1.25 + 3
    assert at(Prediction.FLOW, True) == 0.75 * 2 + 0.25 * 3


def test_cfg_goes_beyond_the_positive() -> None:
    model = GaussianModel(spread=1e-4)

    result = simple_run(model, prompt(0.5), prompt(0.1), cfg=3.0, steps=20)

    assert result.latent.mean().item() * SCALE == pytest.approx(0.1 + 3 * 0.4, abs=0.08)


def test_cfg_1_skips_the_negative_unless_asked_not_to() -> None:
    lazy = GaussianModel()
    eager = GaussianModel(options={"disable_cfg1_optimization": True})
    for model in (lazy, eager):
        simple_run(model, prompt(0.5), prompt(0.1), cfg=1.0, steps=2)

    assert [call[0] for call in lazy.calls] == [1, 1]
    assert [call[0] for call in eager.calls] == [2, 2]


@pytest.mark.parametrize(("tokens", "calls"), [((77, 154), 1), ((2, 3), 1), ((7, 11), 2)])
def test_prompts_of_unlike_length_share_a_pass_when_padding_is_cheap(
    tokens: tuple[int, int], calls: int
) -> None:
    model = GaussianModel()

    simple_run(model, prompt(0.5, tokens[0]), prompt(0.1, tokens[1]), cfg=2.0, steps=1)

    assert len(model.calls) == calls


def test_an_area_holds_its_prompt_and_fades_at_inner_edges() -> None:
    model = GaussianModel(spread=1e-4)
    latent = torch.zeros(1, 4, 64, 64)
    both = [*prompt(0.0), *prompt(1.0, area=(64, 32, 0, 32), strength=3.0)]

    x0 = simple_run(model, both, latent=latent, steps=1).x0[0, 0] * SCALE

    left, edge, right = x0[5, 10].item(), x0[5, 32].item(), x0[5, 63].item()
    assert right - left == pytest.approx(3 / 4, abs=0.02)
    assert edge - left == pytest.approx(3 / 8 / (1 + 3 / 8), abs=0.02)


def test_a_mask_with_bounds_computes_only_its_rectangle() -> None:
    model = GaussianModel()
    mask = torch.zeros(1, 16, 16)
    mask[:, 2:4, 5:14] = 1

    simple_run(model, prompt(1.0, mask=mask, set_area_to_bounds=True), steps=1)

    assert model.calls == [(1, 4, 8, 9, 2)]


def test_an_area_outside_the_latent_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="16 x 16"):
        simple_run(GaussianModel(), prompt(1.0, area=(8, 8, 20, 0)))


def test_percent_ranges_switch_prompts_during_the_run() -> None:
    early, late = prompt(0.0, 2, end_percent=0.5), prompt(1.0, 3, start_percent=0.5)
    model = GaussianModel()

    simple_run(model, [*early, *late], steps=6)

    assert [call[-1] for call in model.calls] == sorted(call[-1] for call in model.calls)
    assert {call[-1] for call in model.calls} == {2, 3}


def test_hooks_get_what_packs_expect() -> None:
    seen: list[set[str]] = []

    def cfg_function(payload: dict[str, Any]) -> Tensor:
        seen.append(set(payload))
        guided: Tensor = payload["uncond"] + 2.0 * (payload["cond"] - payload["uncond"])
        return guided

    def post(payload: dict[str, Any]) -> Tensor:
        result: Tensor = payload["denoised"] + 1
        return result

    def wrapper(apply_model: Callable[..., Tensor], given: dict[str, Any]) -> Tensor:
        assert given["cond_or_uncond"] == [0, 1]
        return apply_model(given["input"], given["timestep"], **given["c"])

    options = {
        "sampler_cfg_function": cfg_function,
        "sampler_post_cfg_function": [post],
        "model_function_wrapper": wrapper,
    }
    hooked = simple_run(GaussianModel(options=options), prompt(0.5), prompt(0.1), cfg=2.0, steps=1)
    plain = simple_run(GaussianModel(), prompt(0.5), prompt(0.1), cfg=2.0, steps=1)

    torch.testing.assert_close(hooked.x0 * SCALE, plain.x0 * SCALE + 1, atol=1e-4, rtol=0)
    assert {"cond_scale", "timestep", "input", "sigma", "model_options"} <= seen[0]


def test_outside_the_mask_the_latent_stays() -> None:
    latent = torch.full((2, 4, 16, 16), 2.0)
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 64:] = 1

    result = simple_run(GaussianModel(), prompt(0.0), latent=latent, noise_mask=mask)

    torch.testing.assert_close(result.x0[..., :7], latent[..., :7])
    assert (result.x0[..., 9:] - 2).abs().mean() > 0.5


def test_empty_latents_take_the_models_channels_and_others_are_refused() -> None:
    model = GaussianModel()
    latent: LatentDict = {"samples": torch.zeros(1, 16, 8, 8)}

    assert run_ksampler(model, latent)["samples"].shape == (1, 4, 8, 8)
    with pytest.raises(InvalidValueError, match="4 channels"):
        run_ksampler(model, {"samples": torch.ones(1, 16, 8, 8)})


def test_an_empty_latent_has_as_many_cells_as_the_models_are_small() -> None:
    model = GaussianModel(latent_format=LatentFormat(downscale=4))
    empty: LatentDict = {"samples": torch.zeros(1, 4, 8, 6), "downscale_ratio_spacial": 8}
    encoded: LatentDict = {"samples": torch.ones(1, 4, 8, 6), "downscale_ratio_spacial": 8}

    made = run_ksampler(model, empty)
    assert made["samples"].shape == (1, 4, 16, 12)
    assert "downscale_ratio_spacial" not in made
    assert empty["samples"].shape == (1, 4, 8, 6)
    assert run_ksampler(model, encoded)["samples"].shape == (1, 4, 8, 6)


def run_ksampler(model: GaussianModel, latent: LatentDict, **more: Any) -> LatentDict:
    settings: dict[str, Any] = {
        "seed": 1,
        "steps": 4,
        "cfg": 2.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "positive": prompt(0.5),
        "negative": prompt(0.1),
    }
    return ksampler(model, latent=latent, **{**settings, **more})


def test_denoise_takes_the_end_of_a_longer_schedule() -> None:
    model = GaussianModel()

    assert torch.equal(
        scheduled_sigmas(model, "karras", 6, 0.4), scheduled_sigmas(model, "karras", 15)[-7:]
    )


def test_dpm_2_leaves_the_second_last_sigma_out() -> None:
    full = scheduled_sigmas(GaussianModel(), "karras", 5)
    dropped = scheduled_sigmas(GaussianModel(), "karras", 4, drops_second_last=True)

    assert dropped.tolist() == [*full[:4].tolist(), 0.0]


@pytest.mark.parametrize("settings", [{"denoise": 0.0}, {"start_step": 4}, {"start_step": 99}])
def test_nothing_to_do_gives_the_latent_back(settings: dict[str, Any]) -> None:
    latent: LatentDict = {"samples": torch.ones(1, 4, 8, 8)}

    assert torch.equal(
        run_ksampler(GaussianModel(), latent, **settings)["samples"], latent["samples"]
    )


def test_two_stretches_make_the_whole_run() -> None:
    model, latent = GaussianModel(), LatentDict(samples=torch.zeros(1, 4, 8, 8))
    whole = run_ksampler(model, latent)

    first = run_ksampler(model, latent, end_step=2)
    second = run_ksampler(model, first, start_step=2, add_noise=False)

    torch.testing.assert_close(second["samples"], whole["samples"], atol=1e-4, rtol=1e-4)


def test_a_forced_end_goes_to_zero() -> None:
    sigmas = cut_sigmas(torch.tensor([3.0, 2.0, 1.0, 0.0]), 1, 2, force_full_denoise=True)

    assert sigmas.tolist() == [2.0, 0.0]


def test_previews_are_pictures_of_the_latents_size() -> None:
    x0 = torch.ones(2, 4, 5, 7)

    preview = latent_preview(x0, LatentFormat(rgb=((0.25, 0, -0.25),) * 4))

    assert preview is not None
    picture = preview.render()
    assert picture.size == (7, 5)
    assert picture.getpixel((0, 0)) == (255, 128, 0)
    assert latent_preview(x0, LatentFormat()) is None
