"""What single samplers promise beyond what holds for all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.registry import find_sampler, sampler_names
from engine.sampling.samplers.deis import deis_weights, vp_time
from engine.sampling.samplers.er_sde import derivative_weights
from engine.sampling.schedules import karras_sigmas
from engine.sampling.snr import phi_2
from engine.sampling.steps import StepContext
from tests.sampling.sampling_fakes import gaussian_path, gaussian_x0

MEAN, SPREAD = 0.3, 0.5
CONTRACT_ORDER = [
    "euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "heunpp2",
    "dpm_2", "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive", "dpmpp_2s_ancestral",
    "dpmpp_2s_ancestral_cfg_pp", "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_cfg_pp",
    "dpmpp_2m_sde", "dpmpp_2m_sde_gpu", "dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu",
    "dpmpp_3m_sde", "dpmpp_3m_sde_gpu", "ddpm", "lcm", "ipndm", "ipndm_v", "deis",
    "res_multistep", "res_multistep_cfg_pp", "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp",
    "er_sde", "seeds_2", "seeds_3", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2",
]  # fmt: skip


def denoise(x: Tensor, sigma: float) -> Tensor:
    return gaussian_x0(x, sigma, MEAN, SPREAD)


def error_ratio(name: str, grid: str = "log", steps: int = 20, **options: object) -> float:
    """Return how much the error shrinks when the steps are halved."""
    x = torch.linspace(-6, 6, 7, dtype=torch.float64).view(1, 1, 1, 7)
    exact, errors = gaussian_path(x, 5.0, 0.2, MEAN, SPREAD), []
    for count in (steps, 2 * steps):
        sigmas = torch.linspace(5.0, 0.2, count + 1, dtype=torch.float64)
        if grid == "log":
            sigmas = torch.logspace(math.log10(5), math.log10(0.2), count + 1, dtype=torch.float64)
        method = find_sampler(name).with_options(**options)
        run = StepContext(x, sigmas, 1)
        result = method.function(denoise, x, run=run, **method.options)
        errors.append((result - exact).abs().max().item())
    return errors[0] / errors[1]


def test_the_menu_follows_the_order_artists_know() -> None:
    names = sampler_names()

    assert names == [name for name in CONTRACT_ORDER if name in names]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("dpm_2_ancestral", 2),
        ("dpmpp_2s_ancestral", 2),
        ("dpmpp_sde", 2),
        ("dpmpp_2m_sde", 2),
        ("dpmpp_3m_sde", 2),
        ("seeds_2", 2),
        ("seeds_3", 3),
    ],
)
def test_without_noise_stochastic_samplers_solve_the_ode_to_their_order(
    name: str, order: int
) -> None:
    assert error_ratio(name, eta=0.0, steps=80) > 0.85 * 2**order


@pytest.mark.parametrize("stage", [1, 2])
def test_er_sde_without_noise_gains_an_order_with_each_stage(stage: int) -> None:
    assert error_ratio("er_sde", solver_type="ODE", max_stage=stage, steps=40) > 0.85 * 2**stage


def test_weights_of_er_sde_are_exact_where_no_noise_is_added() -> None:
    # x0 = a + b (s - start) + c (s - start)^2 / 2 along dx/ds = (x - x0) / s, solved by hand.
    start, end = 3.0, 1.25
    first, second = derivative_weights(start, end, lambda s: s)

    assert first == pytest.approx(end * math.log(start / end) + end - start)
    rest = end * ((start - end) - start * math.log(start / end)) + (end - start) ** 2 / 2
    assert second == pytest.approx(rest)


@pytest.mark.parametrize("solver", ["ER-SDE", "Reverse-time SDE"])
@pytest.mark.parametrize("stage", [1, 2, 3])
def test_every_er_sde_keeps_the_distribution(solver: str, stage: int) -> None:
    method = find_sampler("er_sde").with_options(solver_type=solver, max_stage=stage)
    sigmas = karras_sigmas(150, 0.03, 15.0, 7.0)
    start = torch.randn((1, 1, 64, 64), generator=torch.Generator().manual_seed(3))
    x = MEAN + start * (SPREAD**2 + 15.0**2) ** 0.5

    result = method.function(denoise, x, run=StepContext(x, sigmas, 5), **method.options)

    # 4,096 samples: a standard error of 0.006; stage 1 is biased by 3 % at 120 steps.
    assert result.std().item() == pytest.approx(SPREAD, rel=0.05)


@pytest.mark.parametrize(
    "name",
    ["euler", "heun", "dpm_2", "lms", "dpmpp_2m", "ipndm", "deis", "res_multistep", "uni_pc"],
)
def test_deterministic_samplers_go_back_to_noise_on_rising_levels(name: str) -> None:
    x = torch.linspace(-1, 1, 7, dtype=torch.float64).view(1, 1, 1, 7)
    sigmas = torch.logspace(-1, 1, 201, dtype=torch.float64)

    result = find_sampler(name).function(denoise, x, run=StepContext(x, sigmas, 1))

    # 1 % is what Euler leaves at this step size; a wrong sign or weight leaves far more.
    exact = gaussian_path(x, 0.1, 10.0, MEAN, SPREAD)
    torch.testing.assert_close(result, exact, atol=0.3, rtol=0.02)


def test_the_weights_of_exponential_integrators_are_smooth_in_h() -> None:
    for h in (-2.0, -1e-3, -1e-5, 1e-9, 1e-5, 1.1e-5, 1e-3, 2.0):
        # h e^(-h) times the integral of u e^(h u), u from 0 to 1, on a fine grid of its own.
        u = np.linspace(0, 1, 20_001)
        expected = np.trapezoid(h * np.exp(-(1 - u) * h) * u, u)
        assert phi_2(h) == pytest.approx(expected, rel=1e-6)


def test_ipndm_is_exact_for_slopes_of_degree_3_on_even_steps() -> None:
    def slope_of_degree_3(x: Tensor, sigma: float) -> Tensor:
        return x - sigma * (sigma**3 - 2 * sigma**2 + 5)

    sigmas = torch.linspace(5.0, 2.0, 7, dtype=torch.float64)
    x = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    latents = [x]
    run = StepContext(x, sigmas, 0, on_step=lambda report: latents.append(report.state.x))
    find_sampler("ipndm").function(slope_of_degree_3, x, run=run)

    for step in (3, 4, 5):  # the first three steps collect slopes
        a, b = sigmas[step].item(), sigmas[step + 1].item()
        exact = (b**4 - a**4) / 4 - 2 * (b**3 - a**3) / 3 + 5 * (b - a)
        assert (latents[step + 1] - latents[step]).item() == pytest.approx(exact)


def test_deis_integrates_polynomials_in_time_exactly() -> None:
    nodes, end = [4.0, 6.0, 9.0], 2.5
    times = np.array([vp_time(sigma) for sigma in nodes])

    # The integral of t^k over sigma, on a fine grid of its own.
    fine = np.linspace(nodes[0], end, 200_001)
    fine_times = np.array((np.sqrt(0.1**2 + 2 * 19.9 * np.log1p(fine**2)) - 0.1) / 19.9)
    weights = np.array(deis_weights(nodes, end))
    for power in range(3):
        expected = np.trapezoid(fine_times**power, fine)
        assert weights @ times**power == pytest.approx(expected, rel=1e-8)


def test_lcm_draws_from_the_data_of_a_consistent_model() -> None:
    def consistent(x: Tensor, sigma: float) -> Tensor:
        return gaussian_path(x, sigma, 0.0, MEAN, SPREAD)

    start = torch.randn((1, 1, 64, 64), generator=torch.Generator().manual_seed(3))
    x = MEAN + start * (SPREAD**2 + 15.0**2) ** 0.5
    run = StepContext(x, karras_sigmas(4, 0.03, 15.0, 7.0), 1)

    result = find_sampler("lcm").function(consistent, x, run=run)

    # 4,096 samples: standard errors 0.008 and 0.006.
    assert result.mean().item() == pytest.approx(MEAN, abs=0.025)
    assert result.std().item() == pytest.approx(SPREAD, rel=0.04)


def test_ddpm_draws_from_the_posterior_of_ddpm() -> None:
    """arXiv:2006.11239, Eq. 6 and 7, in its own variance preserving variable."""
    x, sigma, sigma_next = torch.full((1, 1, 64, 64), 7.0, dtype=torch.float64), 5.0, 3.0
    alpha_bar, alpha_bar_next = (1 / (1 + s**2) for s in (sigma, sigma_next))
    alpha = alpha_bar / alpha_bar_next
    x0, scaled = denoise(x, sigma), x * math.sqrt(alpha_bar)
    mean = (
        math.sqrt(alpha_bar_next) * (1 - alpha) * x0
        + math.sqrt(alpha) * (1 - alpha_bar_next) * scaled
    ) / (1 - alpha_bar)
    deviation = math.sqrt((1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha))
    run = StepContext(x, torch.tensor([sigma, sigma_next]), 1)

    result = find_sampler("ddpm").function(denoise, x, run=run) * math.sqrt(alpha_bar_next)

    noise = (result - mean) / deviation
    expected = StepContext(x, torch.tensor([sigma, sigma_next]), 1).noise()
    torch.testing.assert_close(noise, expected)


def test_gradient_estimation_extrapolates_the_slope() -> None:
    estimates = iter([torch.tensor(1.0), torch.tensor(5.0)])
    sigmas, x = torch.tensor([4.0, 3.0, 2.0]), torch.tensor(9.0)

    result = find_sampler("gradient_estimation").function(
        lambda x, sigma: next(estimates), x, run=StepContext(x, sigmas, 0)
    )

    # slopes (9 - 1) / 4 = 2, then (7 - 5) / 3 = 2 / 3; 2 * 2 / 3 - 2 = -2 / 3.
    assert result.item() == pytest.approx(7 + 2 / 3)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("dpmpp_sde", "r", 0.0),
        ("seeds_2", "r", 0.0),
        ("seeds_3", "r_1", 0.9),
        ("er_sde", "max_stage", 4),
        ("er_sde", "solver_type", "SDE"),
        ("uni_pc", "variant", "bh3"),
        ("uni_pc", "order", 0),
        ("ipndm", "max_order", 5),
        ("deis", "max_order", 0),
    ],
)
def test_settings_outside_their_range_are_refused(name: str, setting: str, value: object) -> None:
    method, x = find_sampler(name).with_options(**{setting: value}), torch.ones(1, 4, 4, 4)

    with pytest.raises(InvalidValueError, match=setting):
        method.function(
            denoise, x, run=StepContext(x, torch.tensor([2.0, 1.0]), 0), **method.options
        )
