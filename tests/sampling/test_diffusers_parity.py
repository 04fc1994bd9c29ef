"""Samplers against diffusers' schedulers, where both integrate the same equation."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.sampling.registry import find_sampler
from engine.sampling.steps import StepContext
from tests.sampling.sampling_fakes import gaussian_x0

diffusers = pytest.importorskip("diffusers")
pytestmark = [
    pytest.mark.parity,
    # diffusers hands torch tensors to numpy in the way of numpy 1.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
CASES = [
    ("euler", "EulerDiscreteScheduler"),
    ("heun", "HeunDiscreteScheduler"),
    ("lms", "LMSDiscreteScheduler"),
]


@pytest.mark.parametrize(("name", "reference"), CASES)
def test_runs_equal_those_of_diffusers(name: str, reference: str) -> None:
    if name == "lms":
        pytest.importorskip("scipy")  # diffusers integrates the weights with it
    scheduler: Any = getattr(diffusers, reference)(**BETAS, use_karras_sigmas=True)
    scheduler.set_timesteps(10)
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    levels = scheduler.sigmas.float()
    sigmas = levels[:1].new_tensor(list(dict.fromkeys(levels.tolist())))
    x = noise * (1 + sigmas[0] ** 2) ** 0.5

    for timestep in scheduler.timesteps:
        scheduler.scale_model_input(x, timestep)  # counts the steps; the Gaussian needs no scaling
        sigma = float(scheduler.sigmas[scheduler.step_index])
        eps = (x - gaussian_x0(x, sigma, 0.3, 0.5)) / sigma
        x = scheduler.step(eps, timestep, x).prev_sample

    ours = find_sampler(name)

    start = noise * (1 + sigmas[0] ** 2) ** 0.5
    result = ours.function(
        lambda latent, sigma: gaussian_x0(latent, sigma, 0.3, 0.5),
        start,
        run=StepContext(start, sigmas, 0),
    )

    # float32 over 10 steps from sigma 14.6; LMS integrates its weights numerically there.
    torch.testing.assert_close(result, x, atol=2e-4, rtol=1e-3)
