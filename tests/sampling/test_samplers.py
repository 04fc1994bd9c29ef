"""Every sampler, by registry: right in the limit, of its order, repeatable, resumable."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.errors import InvalidValueError, RunCancelledError, UnknownNameError
from engine.sampling import registry
from engine.sampling.registry import Sampler, find_sampler, sampler, sampler_names
from engine.sampling.samplers.lms import adams_bashforth
from engine.sampling.schedules import karras_sigmas
from engine.sampling.steps import SamplerState, StepContext, StepReport
from tests.sampling.sampling_fakes import gaussian_path, gaussian_x0

MEAN, SPREAD = 0.3, 0.5
NEEDS_TORCHSDE = pytest.mark.skipif(
    importlib.util.find_spec("torchsde") is None, reason="torchsde is not installed"
)
ORDERS = {
    "euler": 1,
    "ddim": 1,
    "gradient_estimation": 1,
    "heun": 2,
    "dpm_2": 2,
    "dpmpp_2m": 2,
    "lms": 2,
    "ipndm": 2,
    "ipndm_v": 2,
    "deis": 2,
    "res_multistep": 2,
    "uni_pc": 2,
    "uni_pc_bh2": 2,
}
ALL = [
    pytest.param(name, marks=NEEDS_TORCHSDE if "sde" in name else ()) for name in sampler_names()
]
STOCHASTIC = [p for p in ALL if p.values[0] not in {*ORDERS, "lcm"}]
"""lcm asks for another kind of estimate, see test_sampler_facts."""


def denoise(x: Tensor, sigma: float) -> Tensor:
    return gaussian_x0(x, sigma, MEAN, SPREAD)


def run(method: Sampler, x: Tensor, sigmas: Tensor, seed: int = 1, **context: Any) -> Tensor:
    step_context = StepContext(x, sigmas, seed, **context)
    return method.function(denoise, x, run=step_context, **method.options)


def geometric(steps: int, high: float = 10.0, low: float = 0.1) -> Tensor:
    """Levels that halve evenly, not down to 0: the last step to 0 is exact or first order."""
    return torch.logspace(
        torch.tensor(high).log10().item(),
        torch.tensor(low).log10().item(),
        steps + 1,
        dtype=torch.float64,
    )


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_halving_the_step_divides_the_error_by_two_to_the_order(name: str) -> None:
    x = torch.linspace(-12, 12, 7, dtype=torch.float64).view(1, 1, 1, 7)
    exact = gaussian_path(x, 10.0, 0.1, MEAN, SPREAD)
    errors = [
        (run(find_sampler(name), x, geometric(steps)) - exact).abs().max().item()
        for steps in (40, 80)
    ]

    # 15 % short of the asymptote at these step sizes; a higher order is welcome.
    assert errors[0] / errors[1] > 0.85 * 2 ** ORDERS[name]


@pytest.mark.parametrize("name", STOCHASTIC)
def test_added_noise_keeps_the_distribution(name: str) -> None:
    sigmas = karras_sigmas(120, 0.03, 15.0, 7.0)
    start = torch.randn((1, 1, 64, 64), generator=torch.Generator().manual_seed(3))
    x = MEAN + start * (SPREAD**2 + 15.0**2) ** 0.5

    result = run(find_sampler(name), x, sigmas)

    # 4,096 samples: standard errors 0.008 and 0.006, plus the discretisation's bias,
    # which is of first order for euler_ancestral: 6 % at 60 steps, 3 % at 120.
    assert result.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert result.std().item() == pytest.approx(SPREAD, rel=0.06)


@pytest.mark.parametrize("name", ALL)
def test_a_seed_gives_the_same_bits(name: str) -> None:
    x = torch.randn((2, 4, 6, 6), generator=torch.Generator().manual_seed(0)) * 15
    sigmas = karras_sigmas(8, 0.03, 15.0, 7.0)

    first, second = (run(find_sampler(name), x, sigmas, seed=5) for _ in range(2))

    assert torch.equal(first, second)


@pytest.mark.parametrize("step", [0, 1, 4, 7])
@pytest.mark.parametrize("name", ALL)
def test_a_run_taken_up_after_any_step_gives_the_same_bits(name: str, step: int) -> None:
    x = torch.randn((1, 4, 6, 6), generator=torch.Generator().manual_seed(0)) * 15
    sigmas = karras_sigmas(8, 0.03, 15.0, 7.0)
    states: list[SamplerState] = []
    whole = run(find_sampler(name), x, sigmas, on_step=lambda report: states.append(report.state))

    state = states[step]
    resumed = run(find_sampler(name), state.x, sigmas, resume=state)

    assert torch.equal(resumed, whole)


@pytest.mark.parametrize("name", ALL)
def test_a_run_stops_within_the_step_in_which_it_is_cancelled(name: str) -> None:
    reports: list[int] = []

    def cancel(report: StepReport) -> None:
        reports.append(report.step)
        if report.step == 2:
            raise RunCancelledError

    with pytest.raises(RunCancelledError):
        run(
            find_sampler(name),
            torch.ones(1, 4, 4, 4),
            karras_sigmas(8, 0.03, 15.0, 7.0),
            on_step=cancel,
        )
    assert reports == [0, 1, 2]


@pytest.mark.parametrize("name", ALL)
def test_the_input_is_not_changed(name: str) -> None:
    x = torch.ones(1, 4, 4, 4)

    run(find_sampler(name), x, karras_sigmas(4, 0.03, 15.0, 7.0))

    assert torch.equal(x, torch.ones(1, 4, 4, 4))


@pytest.mark.parametrize("name", ALL)
def test_repeated_sigmas_do_no_harm(name: str) -> None:
    sigmas = torch.tensor([5.0, 5.0, 2.0, 2.0, 1.0, 0.0])

    assert run(find_sampler(name), torch.ones(1, 4, 4, 4), sigmas).isfinite().all()


def test_ancestral_without_noise_is_euler() -> None:
    x, sigmas = torch.full((1, 4, 4, 4), 9.0), karras_sigmas(6, 0.03, 15.0, 7.0)

    still = find_sampler("euler_ancestral").with_options(eta=0.0)

    torch.testing.assert_close(run(still, x, sigmas), run(find_sampler("euler"), x, sigmas))


def test_adams_bashforth_weights_on_an_even_grid_are_the_textbook_ones() -> None:
    weights = adams_bashforth([3.0, 2.0, 1.0, 0.0], 3.0, 4.0)

    assert weights == pytest.approx([55 / 24, -59 / 24, 37 / 24, -9 / 24])


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="euler_ancestral"):
        find_sampler("euler_ancestrall")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="churn"):
        find_sampler("euler").with_options(churn=1)


def test_a_new_sampler_needs_nothing_but_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_SAMPLERS", dict(registry._SAMPLERS))

    @sampler("jump")
    def jump(denoise: Callable[..., Tensor], x: Tensor, run: StepContext) -> Tensor:
        return denoise(x, run.sigma(0))

    assert sampler_names()[-1] == "jump"
    assert find_sampler("jump").function is jump
