"""Nodes that make schedules, samplers and guiders, and the nodes that sample with them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.sampling.guiders import DualGuider, PerpNegGuider
from engine.sampling.registry import Sampler
from engine.sampling.schedules import make_sigmas
from engine.sampling.sigmas import table_of
from engine.types import LatentDict
from nodes.sampling import custom, guiders, samplers, schedulers, sigmas
from nodes.sampling.ksampler import k_sampler_advanced
from tests.nodes.test_sampling_nodes import RecordingContext
from tests.sampling.sampling_fakes import GaussianModel, prompt

SCALE = 0.18215
LEVELS = torch.tensor([4.0, 2.0, 1.0, 0.0])


def empty() -> LatentDict:
    return {"samples": torch.zeros(1, 4, 8, 8)}


def advanced(latent: LatentDict, start: int, end: int, *, first: bool) -> LatentDict:
    return k_sampler_advanced(
        RecordingContext(),
        GaussianModel(),
        "enable" if first else "disable",
        5,
        20,
        3.0,
        sampler_name="euler",
        scheduler="karras",
        positive=prompt(0.5),
        negative=prompt(0.1),
        latent_image=latent,
        start_at_step=start,
        end_at_step=end,
        return_with_leftover_noise="enable" if first else "disable",
    )


def test_two_advanced_samplers_share_one_run() -> None:
    whole = advanced(empty(), 0, 10000, first=True)

    half = advanced(empty(), 0, 10, first=True)
    rest = advanced(half, 10, 10000, first=False)

    torch.testing.assert_close(rest["samples"], whole["samples"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("noisy", [True, False])
def test_sampler_custom_is_the_advanced_one_with_a_cfg_guider(noisy: bool) -> None:
    model, sampler = GaussianModel(), samplers.sampler_dpmpp_2s_ancestral(0.7, 1.0)
    prompts: dict[str, Any] = {"positive": prompt(0.5), "negative": prompt(0.1)}
    start: LatentDict = {"samples": torch.ones(1, 4, 8, 8)}

    simple = custom.sampler_custom(
        RecordingContext(),
        model,
        noisy,
        6,
        3.0,
        **prompts,
        sampler=sampler,
        sigmas=LEVELS,
        latent_image=start,
    )

    if noisy:
        parts = custom.sampler_custom_advanced(
            RecordingContext(),
            custom.random_noise(6),
            custom.cfg_guider(model, **prompts, cfg=3.0),
            sampler,
            LEVELS,
            start,
        )
        assert torch.equal(simple.output["samples"], parts.output["samples"])
    assert simple.output["samples"].isfinite().all()
    assert torch.equal(start["samples"], torch.ones(1, 4, 8, 8))


def test_a_run_that_ends_early_gives_the_estimate_beside_the_noisy_latent() -> None:
    result = custom.sampler_custom_advanced(
        RecordingContext(),
        custom.random_noise(6),
        custom.basic_guider(GaussianModel(spread=1e-3), prompt(0.5)),
        samplers.k_sampler_select("euler"),
        LEVELS[:2],
        empty(),
    )

    assert (result.output["samples"] * SCALE).std() > 1.5
    assert (result.denoised_output["samples"] * SCALE).std() < 0.1


@pytest.mark.parametrize(
    ("levels", "amount"), [(LEVELS, 4.0), (LEVELS[:2], 2.0), (LEVELS[:1], 4.0)]
)
def test_add_noise_adds_as_much_as_lies_between_the_levels(
    levels: torch.Tensor, amount: float
) -> None:
    latent: LatentDict = {"samples": torch.ones(1, 4, 8, 8)}
    noise = custom.random_noise(3)

    noisy = custom.add_noise(GaussianModel(), noise, levels, latent)

    added = (noisy["samples"] - latent["samples"]) * SCALE
    torch.testing.assert_close(added, noise.generate_noise(latent) * amount, atol=1e-5, rtol=1e-5)


def test_add_noise_without_levels_changes_nothing() -> None:
    latent = empty()

    assert custom.add_noise(GaussianModel(), custom.random_noise(3), LEVELS[:0], latent) is latent


def test_guiders_of_three_prompts_keep_their_inputs_apart() -> None:
    model = GaussianModel()
    first, second, third = prompt(0.1), prompt(0.2), prompt(0.3)

    dual = guiders.dual_cfg_guider(model, first, second, third, 4.0, 5.0, style="nested")
    perpendicular = guiders.perp_neg_guider(model, first, second, third, 6.0, 0.5)

    assert dual == DualGuider(model, first, second, third, 4.0, 5.0, "nested")
    assert perpendicular == PerpNegGuider(model, first, second, third, 6.0, 0.5)


@pytest.mark.parametrize(
    ("value", "name", "options"),
    [
        (
            samplers.sampler_dpmpp_sde(0.5, 0.9, 0.4, noise_device="cpu"),
            "dpmpp_sde",
            {"eta": 0.5, "s_noise": 0.9, "r": 0.4, "noise_device": "cpu"},
        ),
        (
            samplers.sampler_dpmpp_3m_sde(0.5, 0.9, noise_device="gpu"),
            "dpmpp_3m_sde",
            {"eta": 0.5, "s_noise": 0.9, "noise_device": "gpu"},
        ),
        (
            samplers.sampler_er_sde("ODE", 2, 0.5, 0.9),
            "er_sde",
            {"solver_type": "ODE", "max_stage": 2, "eta": 0.5, "s_noise": 0.9},
        ),
        (
            samplers.sampler_euler_ancestral_cfgpp(0.5, 0.9),
            "euler_ancestral_cfg_pp",
            {"eta": 0.5, "s_noise": 0.9},
        ),
    ],
)
def test_sampler_nodes_pass_their_settings_on(
    value: Sampler, name: str, options: dict[str, Any]
) -> None:
    assert (value.name, dict(value.options)) == (name, options)


def test_scheduler_nodes_make_the_levels_of_their_formulas() -> None:
    model = GaussianModel()
    table = table_of(model)

    beta = schedulers.beta_sampling_scheduler(model, 8)
    assert torch.equal(beta, make_sigmas(table, "beta", 8))
    assert schedulers.vp_scheduler(5)[0].item() == pytest.approx(152.17, rel=1e-3)
    assert len(schedulers.laplace_scheduler(6)) == 6
    turbo = schedulers.sd_turbo_scheduler(model, 2, 0.5)
    assert torch.equal(turbo, torch.cat([table.sigmas[[499, 399]], torch.zeros(1)]))
    assert schedulers.sd_turbo_scheduler(model, 1, 0.0).tolist() == [0.0]


def test_the_first_level_is_replaced_in_a_copy() -> None:
    assert sigmas.set_first_sigma(LEVELS, 9.0).tolist() == [9.0, 2.0, 1.0, 0.0]
    assert LEVELS[0] == 4
    assert sigmas.set_first_sigma(LEVELS[:0], 9.0).tolist() == []


@pytest.mark.parametrize(
    ("spacing", "between"), [("linear", 3.0), ("cosine", 2.585786), ("sine", 3.414214)]
)
def test_levels_are_put_between_those_in_the_range(spacing: Any, between: float) -> None:
    extended = sigmas.extend_intermediate_sigmas(LEVELS, 2, -1.0, 3.0, spacing=spacing)

    assert extended.tolist() == pytest.approx([4.0, between, 2.0, 1.0, 0.0])
    below = sigmas.extend_intermediate_sigmas(LEVELS, 2, 2.0, 1.5, spacing=spacing)
    assert len(below) == 5
    assert below[0] == 4
    assert sigmas.extend_intermediate_sigmas(LEVELS[:0], 2, spacing="linear").tolist() == []
