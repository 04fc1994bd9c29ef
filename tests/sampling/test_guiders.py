"""Guidance by two, three and perpendicular prompts, CFG++, and the hooks of packs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.sampling.guidance import dual_guidance, nested_guidance, perpendicular_guidance
from engine.sampling.guiders import AnyGuider, DualGuider, Guider, PerpNegGuider
from engine.sampling.noise import initial_noise
from engine.sampling.registry import find_sampler
from engine.sampling.sample import Sampled, sample
from engine.sampling.schedules import karras_sigmas
from engine.types import Prediction
from tests.sampling.sampling_fakes import GaussianModel, gaussian_x0, prompt

SCALE = 0.18215
EMPTY = torch.zeros(1, 4, 8, 8)


def guided(guider: AnyGuider, sampler: str = "euler", steps: int = 4, **more: Any) -> Sampled:
    return sample(
        guider,
        noise=initial_noise(EMPTY, 3),
        latent=EMPTY,
        sampler=find_sampler(sampler),
        sigmas=karras_sigmas(steps, 0.03, 14.6, 7.0),
        seed=3,
        **more,
    )


def estimates(*values: Sequence[float]) -> list[Tensor]:
    return [torch.tensor([list(value)]) for value in values]


def test_dual_guidance_goes_over_the_second_prompt_to_the_first() -> None:
    towards, middle, negative = 5.0, 3.0, 2.0
    sides = estimates([towards], [middle], [negative])

    assert dual_guidance(sides, 4.0, 10.0).item() == 2 + 10 * (3 - 2) + 4 * (5 - 3)
    assert nested_guidance(sides, 4.0, 10.0).item() == 2 + 10 * (3 + 4 * (5 - 3) - 2)


def test_dual_guidance_with_one_for_the_first_strength_is_plain_guidance() -> None:
    sides = estimates([5.0], [5.0], [2.0])

    assert dual_guidance(sides, 7.0, 3.0).item() == 2 + 3 * (5 - 2)


def test_perpendicular_guidance_drops_what_both_prompts_share() -> None:
    sides = estimates([2.0, 0.0], [3.0, 4.0], [0.0, 0.0])

    assert perpendicular_guidance(sides, 2.0, 0.5).tolist() == [[4.0, -4.0]]


def test_perpendicular_guidance_of_one_picture_does_not_depend_on_the_batch() -> None:
    alone = perpendicular_guidance(estimates([2.0, 1.0], [3.0, 4.0], [0.5, 0.0]), 2.0, 1.0)
    batch = [torch.cat([side, side * 3 + 1]) for side in estimates([2, 1], [3, 4], [0.5, 0])]

    torch.testing.assert_close(perpendicular_guidance(batch, 2.0, 1.0)[:1], alone)


def test_perpendicular_guidance_with_an_empty_positive_is_finite() -> None:
    sides = estimates([1.0, 1.0], [2.0, 3.0], [1.0, 1.0])

    assert perpendicular_guidance(sides, 2.0, 1.0).tolist() == [[-1.0, -3.0]]


@pytest.mark.parametrize("style", ["regular", "nested"])
def test_a_dual_guider_mixes_three_predictions_in_one_pass(style: Any) -> None:
    model = GaussianModel(spread=1e-4)

    result = guided(
        DualGuider(model, prompt(0.5), prompt(0.3), prompt(0.2), 2.0, 3.0, style), steps=20
    )

    # Data of no spread: the estimate is the mix of the three means.
    expected = {"regular": 0.2 + 0.3 + 0.4, "nested": 0.2 + 3 * (0.3 + 0.4 - 0.2)}[style]
    assert result.latent.mean().item() * SCALE == pytest.approx(expected, abs=0.1)
    assert {call[0] for call in model.calls} == {3}


def test_a_perpendicular_guider_keeps_the_positive_when_the_negative_is_the_same() -> None:
    same = PerpNegGuider(GaussianModel(), prompt(0.5), prompt(0.5), prompt(0.0), 2.0, 5.0)
    plain = Guider(GaussianModel(), prompt(0.5), prompt(0.0), 2.0)

    torch.testing.assert_close(guided(same).latent, guided(plain).latent, atol=1e-3, rtol=1e-3)


def test_cfg_pp_guides_the_estimate_and_not_the_noise() -> None:
    sigmas = torch.tensor([4.0, 2.0, 0.5])
    model = GaussianModel()

    result = sample(
        Guider(model, prompt(0.5), prompt(0.1), 1.6),
        noise=initial_noise(EMPTY, 3),
        latent=EMPTY,
        sampler=find_sampler("euler_cfg_pp"),
        sigmas=sigmas,
        seed=3,
    )

    x = initial_noise(EMPTY, 3) * 4
    for sigma, sigma_next in ((4.0, 2.0), (2.0, 0.5)):
        cond, uncond = (gaussian_x0(x, sigma, mean, 0.5) for mean in (0.5, 0.1))
        x = uncond + 1.6 * (cond - uncond) + sigma_next * (x - uncond) / sigma
    # The fake reads sigma off whole timesteps: up to 0.3 % from the one asked for.
    torch.testing.assert_close(result.latent * SCALE, x, atol=0.02, rtol=0.02)


def test_cfg_pp_computes_the_negative_at_cfg_1_too() -> None:
    model = GaussianModel()

    guided(Guider(model, prompt(0.5), prompt(0.1), 1.0), "euler_cfg_pp")

    assert {call[0] for call in model.calls} == {2}


@pytest.mark.parametrize("name", ["euler_cfg_pp", "euler_ancestral_cfg_pp"])
def test_cfg_pp_without_guidance_is_its_plain_sampler(name: str) -> None:
    plus, plain = (
        guided(Guider(GaussianModel(), prompt(0.5)), sampler)
        for sampler in (name, name.removesuffix("_cfg_pp"))
    )

    torch.testing.assert_close(plus.latent, plain.latent, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["euler_cfg_pp", "euler_ancestral_cfg_pp", "dpmpp_2m"])
def test_cfg_pp_in_a_flow_model_finds_the_mean_of_the_data(name: str) -> None:
    model = GaussianModel(prediction=Prediction.FLOW, spread=1e-3)
    latent = torch.zeros(1, 4, 8, 8)

    result = sample(
        Guider(model, prompt(0.5), prompt(0.1), 1.5),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler(name),
        sigmas=torch.linspace(1, 0, 21),
        seed=3,
    )

    assert result.latent.mean().item() * SCALE == pytest.approx(0.1 + 1.5 * 0.4, abs=0.02)


def test_a_pre_cfg_hook_changes_predictions_before_they_are_mixed() -> None:
    seen: list[dict[str, Any]] = []

    def swap(payload: dict[str, Any]) -> list[Tensor]:
        seen.append(payload)
        cond, uncond = payload["conds_out"]
        return [uncond, cond]

    hooked = GaussianModel(options={"sampler_pre_cfg_function": [swap]})
    swapped = guided(Guider(hooked, prompt(0.5), prompt(0.1), 3.0))
    plain = guided(Guider(GaussianModel(), prompt(0.1), prompt(0.5), 3.0))

    torch.testing.assert_close(swapped.latent, plain.latent)
    wanted = {"conds", "conds_out", "cond_scale", "timestep", "input", "sigma", "model"}
    assert wanted | {"model_options"} <= set(seen[0])
    assert seen[0]["sigma"].shape == (1,)


def test_a_denoise_mask_hook_changes_the_mask_at_each_step() -> None:
    asked: list[tuple[float, tuple[int, ...]]] = []

    def threshold(sigma: Tensor, mask: Tensor, extra_options: dict[str, Any]) -> Tensor:
        asked.append((sigma[0].item(), tuple(mask.shape)))
        assert len(extra_options["sigmas"]) == 5
        return (mask > 0.5).float()

    half = torch.full((1, 1, 64, 64), 0.4)
    latent = torch.full((1, 4, 8, 8), 2.0)
    model = GaussianModel(options={"denoise_mask_function": threshold})

    result = sample(
        Guider(model, prompt(0.0)),
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler("euler"),
        sigmas=karras_sigmas(4, 0.03, 14.6, 7.0),
        seed=3,
        noise_mask=half,
    )

    torch.testing.assert_close(result.x0, latent)  # 0.4 falls to 0: nothing is regenerated
    assert [shape for _, shape in asked] == [(1, 1, 8, 8)] * 4
    assert [sigma for sigma, _ in asked] == sorted((sigma for sigma, _ in asked), reverse=True)
