"""Sigma tables and schedules, against numbers from their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.errors import InvalidValueError, UnknownNameError
from engine.sampling.schedules import (
    beta_sigmas,
    laplace_sigmas,
    make_sigmas,
    schedule_names,
    vp_sigmas,
)
from engine.sampling.sigmas import sigma_table
from engine.types import NoiseSchedule, Prediction

TABLE = sigma_table(NoiseSchedule(), Prediction.EPS)
FLOW = sigma_table(NoiseSchedule(shift=3.0), Prediction.FLOW)


def test_the_table_of_stable_diffusion_has_its_known_ends() -> None:
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    alpha_bar = np.cumprod(1 - betas)

    assert TABLE.sigma_max == pytest.approx(14.614642, rel=1e-6)
    assert TABLE.sigma_min == pytest.approx(0.0291675, rel=2e-5)
    np.testing.assert_allclose(TABLE.sigmas, ((1 - alpha_bar) / alpha_bar) ** 0.5, rtol=1e-6)


def test_zero_terminal_snr_ends_in_almost_pure_noise_and_keeps_the_start() -> None:
    rescaled = sigma_table(NoiseSchedule(zero_terminal_snr=True), Prediction.V)

    assert rescaled.sigma_max == pytest.approx(4518.76, rel=1e-4)
    assert rescaled.sigma_min == pytest.approx(TABLE.sigma_min, rel=1e-4)


def test_sigma_and_timestep_are_inverse_at_table_entries() -> None:
    steps = torch.tensor([0.0, 17.0, 500.0, 999.0])

    assert torch.equal(TABLE.timestep(TABLE.sigma(steps)), steps)
    torch.testing.assert_close(TABLE.sigma(torch.tensor(0.5)), TABLE.sigmas[:2].prod().sqrt())


def test_flow_tables_are_shifted_towards_the_noise() -> None:
    assert FLOW.sigma(torch.tensor(500.0)).item() == pytest.approx(3 * 0.5 / 2.0)
    assert FLOW.sigma_max == 1.0


def test_percent_runs_from_above_the_first_sigma_to_zero() -> None:
    assert TABLE.at_percent(0.0) > TABLE.sigma_max
    assert TABLE.at_percent(1.0) == 0.0
    assert TABLE.at_percent(0.5) == pytest.approx(math.sqrt(TABLE.sigmas[499] * TABLE.sigmas[500]))
    assert FLOW.at_percent(0.0) == 1.0
    assert FLOW.at_percent(0.25) == pytest.approx(3 * 0.75 / 2.5)


@pytest.mark.parametrize("steps", [1, 2, 7, 20])
@pytest.mark.parametrize("name", schedule_names())
def test_schedules_fall_and_end_in_zero(name: str, steps: int) -> None:
    sigmas = make_sigmas(TABLE, name, steps)

    assert (sigmas.diff() < 0).all()
    assert sigmas[-1] == 0
    assert sigmas.dtype == torch.float32
    if name not in ("ddim_uniform", "beta"):
        assert len(sigmas) == steps + 1


def test_values_are_those_of_the_formulas() -> None:
    s, low, high = TABLE.sigmas, TABLE.sigma_min, TABLE.sigma_max
    expected = {
        "simple": [s[999], s[749], s[499], s[249]],
        "ddim_uniform": [s[751], s[501], s[251], s[1]],
        "normal": [s[999], s[666], s[333], s[0]],
        "karras": [
            (high ** (1 / 7) + k / 3 * (low ** (1 / 7) - high ** (1 / 7))) ** 7 for k in range(4)
        ],
        "exponential": [high * (low / high) ** (k / 3) for k in range(4)],
        "kl_optimal": [
            math.tan(k / 3 * math.atan(low) + (1 - k / 3) * math.atan(high)) for k in range(4)
        ],
    }
    for name, values in expected.items():
        actual = make_sigmas(TABLE, name, 4)
        torch.testing.assert_close(actual, torch.tensor([*map(float, values), 0.0]), msg=name)
    # linspace(999, 0, 5) = 999, 749.25, 499.5, 249.75
    sgm = make_sigmas(TABLE, "sgm_uniform", 4)
    assert sgm[1].item() == pytest.approx(float(s[749] ** 0.75 * s[750] ** 0.25), rel=1e-5)


def test_beta_takes_quantiles_of_the_beta_distribution() -> None:
    # scipy.stats.beta.ppf([1, 0.75, 0.25], 0.6, 0.6) * 999 = 999, 823.495, 175.505
    assert torch.equal(make_sigmas(TABLE, "beta", 4)[[0, 1, 3]], TABLE.sigmas[[999, 823, 176]])


def test_beta_with_more_steps_than_entries_repeats_none() -> None:
    sigmas = make_sigmas(TABLE, "beta", 5000)

    assert len(sigmas) < 5000
    assert (sigmas.diff() < 0).all()


@pytest.mark.parametrize(("alpha", "beta", "name"), [(0.0, 0.6, "alpha"), (0.6, -1.0, "beta")])
def test_beta_needs_positive_parameters(alpha: float, beta: float, name: str) -> None:
    with pytest.raises(InvalidValueError, match=name):
        beta_sigmas(TABLE, 4, alpha, beta)


def test_vp_levels_follow_the_process() -> None:
    sigmas = vp_sigmas(3, 19.9, 0.1, 0.001)

    assert sigmas[0].item() == pytest.approx(math.sqrt(math.exp(19.9 / 2 + 0.1) - 1))
    assert sigmas[1].item() == pytest.approx(
        math.sqrt(math.exp(19.9 * 0.5005**2 / 2 + 0.1 * 0.5005) - 1)
    )
    assert sigmas[3] == 0


def test_laplace_levels_are_centred_on_mu_and_end_in_the_smallest_sigma() -> None:
    sigmas = laplace_sigmas(5, 0.03, 14.6, mu=0.5, beta=0.7)

    quarter = 0.7 * math.log(0.5 + 1e-5)
    expected = [14.6, math.exp(0.5 - quarter), math.exp(0.5), math.exp(0.5 + quarter), 0.03]
    assert sigmas.tolist() == pytest.approx(expected)


def test_linear_quadratic_starts_linearly_and_is_continuous() -> None:
    shares = 1 - make_sigmas(TABLE, "linear_quadratic", 8) / TABLE.sigma_max

    torch.testing.assert_close(shares[:5], torch.arange(5) * 0.025 / 4, atol=1e-6, rtol=0)
    assert shares[4].item() == pytest.approx(0.025, abs=1e-6)


def test_unknown_names_and_step_counts_are_refused() -> None:
    with pytest.raises(UnknownNameError, match='Did you mean "karras"'):
        make_sigmas(TABLE, "karass", 4)
    with pytest.raises(InvalidValueError, match="steps"):
        make_sigmas(TABLE, "karras", 0)
