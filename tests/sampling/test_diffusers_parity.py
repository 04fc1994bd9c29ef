"""Samplers against diffusers' schedulers, step by step, where both integrate the same equation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.sampling.noise import BrownianNoise
from engine.sampling.registry import find_sampler
from engine.sampling.steps import StepContext, StepReport
from tests.sampling.sampling_fakes import gaussian_x0

diffusers = pytest.importorskip("diffusers")
pytestmark = [
    pytest.mark.parity,
    # diffusers hands torch tensors to numpy in the way of numpy 1.
    pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"),
    # Levels rounded to float32 lie a hair outside the Brownian tree, there as with ours.
    pytest.mark.filterwarnings("ignore:Should have t:UserWarning"),
]

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
KARRAS = {**BETAS, "use_karras_sigmas": True}
SOLVER = {**KARRAS, "lower_order_final": False}
NOISE = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))


def denoise(x: Tensor, sigma: float) -> Tensor:
    return gaussian_x0(x, sigma, 0.3, 0.5)


def our_path(name: str, sigmas: Tensor, seed: int = 0, **options: Any) -> list[Tensor]:
    """Return the latents after each step."""
    start, latents = NOISE * sigmas[0], list[Tensor]()

    def keep(report: StepReport) -> None:
        latents.append(report.state.x)

    method = find_sampler(name).with_options(**options)
    context = StepContext(start, sigmas, seed, on_step=keep)
    method.function(denoise, start, run=context, **method.options)
    return latents


def their_path(
    scheduler: Any, *, preserving: bool = False, midpoint: bool = False, **more: Any
) -> Iterator[Tensor]:
    """Yield the latent x0 + sigma n after each evaluation of a scheduler.

    Args:
        preserving: It works on (x0 + sigma n) / sqrt(1 + sigma^2).
        midpoint: Its second evaluation in a step is at the geometric mean of the levels.
    """
    sigmas = scheduler.sigmas

    def scale(sigma: Any) -> Any:
        return (1 + sigma**2) ** 0.5 if preserving else 1.0

    x = NOISE * sigmas[0] / scale(sigmas[0])
    for index, timestep in enumerate(scheduler.timesteps):
        scheduler.scale_model_input(x, timestep)  # counts the steps of some
        sigma = float(sigmas[index])
        if midpoint and not scheduler.state_in_first_order:
            sigma = float(sigmas[index - 1] * sigmas[index]) ** 0.5
        latent = x * scale(sigma)
        eps = (latent - denoise(latent, sigma)) / sigma
        x = scheduler.step(eps, timestep, x, **more).prev_sample
        yield x * scale(sigmas[index + 1])


@pytest.mark.parametrize(
    ("name", "reference", "settings", "preserving"),
    [
        ("euler", "EulerDiscreteScheduler", KARRAS, False),
        ("lms", "LMSDiscreteScheduler", KARRAS, False),
        ("ipndm_v", "LMSDiscreteScheduler", KARRAS, False),
        ("dpmpp_2m", "DPMSolverMultistepScheduler", SOLVER, True),
        ("uni_pc", "UniPCMultistepScheduler", {**KARRAS, "solver_type": "bh1"}, True),
        ("uni_pc_bh2", "UniPCMultistepScheduler", {**KARRAS, "solver_type": "bh2"}, True),
    ],
)
def test_deterministic_paths_equal_those_of_diffusers(
    name: str, reference: str, settings: dict[str, Any], preserving: bool
) -> None:
    if "UniPC" in reference:
        settings = {**settings, "solver_order": 3, "final_sigmas_type": "zero"}
    scheduler: Any = getattr(diffusers, reference)(**settings)
    scheduler.set_timesteps(16)
    theirs = list(their_path(scheduler, preserving=preserving))

    ours = our_path(name, scheduler.sigmas.float())

    # Into sigma = 0 ours takes the estimate itself; LMS there goes on along the old slopes, and
    # B(h) = h is infinite: theirs gives no number.
    compared = len(ours) - (reference == "LMSDiscreteScheduler" or name == "uni_pc")
    for step in range(compared):
        # float32 from sigma 14.6 on; LMS there integrates its weights to 1e-4.
        torch.testing.assert_close(ours[step], theirs[step], atol=5e-4, rtol=2e-4)


def test_three_estimates_without_noise_equal_the_third_order_solver() -> None:
    scheduler = diffusers.DPMSolverMultistepScheduler(**SOLVER, solver_order=3)
    scheduler.set_timesteps(16)
    theirs = list(their_path(scheduler, preserving=True))

    ours = our_path("dpmpp_3m_sde", scheduler.sigmas.float(), eta=0.0)

    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, reference, atol=5e-4, rtol=2e-4)


@pytest.mark.parametrize("name", ["heun", "dpm_2"])
def test_two_stage_paths_equal_those_of_diffusers(name: str) -> None:
    reference = {"heun": "HeunDiscreteScheduler", "dpm_2": "KDPM2DiscreteScheduler"}[name]
    scheduler: Any = getattr(diffusers, reference)(**KARRAS)
    scheduler.set_timesteps(10)
    theirs = list(their_path(scheduler, midpoint=name == "dpm_2"))
    levels = scheduler.sigmas.float().tolist()
    distinct = torch.tensor(list(dict.fromkeys(levels)))

    ours = our_path(name, distinct)

    # Theirs keep the latent in between; every second evaluation ends a step.
    for step, mine in enumerate(ours[:-1]):
        torch.testing.assert_close(mine, theirs[2 * step + 1], atol=5e-4, rtol=2e-4)
    torch.testing.assert_close(ours[-1], theirs[-1], atol=5e-4, rtol=2e-4)


def test_ddim_equals_that_of_diffusers() -> None:
    scheduler = diffusers.DDIMScheduler(**BETAS, clip_sample=False, set_alpha_to_one=True)
    scheduler.set_timesteps(20)
    alpha_bar = scheduler.alphas_cumprod[scheduler.timesteps]
    sigmas = torch.cat([((1 - alpha_bar) / alpha_bar).sqrt(), torch.zeros(1)])
    scheduler.sigmas = sigmas
    theirs = list(their_path(scheduler, preserving=True))

    ours = our_path("ddim", sigmas)

    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, reference, atol=5e-4, rtol=2e-4)


def test_ancestral_paths_equal_those_of_diffusers_for_the_same_noise() -> None:
    scheduler = diffusers.EulerAncestralDiscreteScheduler(**BETAS)
    scheduler.set_timesteps(12)
    # Ours draws on the CPU from the stream of seed + 1.
    generator = torch.Generator().manual_seed(8)
    theirs = list(their_path(scheduler, generator=generator))

    ours = our_path("euler_ancestral", scheduler.sigmas.float(), seed=7)

    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, reference, atol=5e-4, rtol=2e-4)


def test_brownian_noise_is_that_of_the_published_sampler() -> None:
    """diffusers carries k-diffusion's own use of torchsde."""
    from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

    reference = BrownianTreeNoiseSampler(NOISE, 0.03, 14.6, seed=11)
    ours = BrownianNoise(NOISE, 11, 0.03, 14.6, on_cpu=True)

    for sigma, sigma_next in [(14.6, 7.0), (7.0, 2.5), (2.5, 0.1), (0.1, 0.03)]:
        expected = reference(torch.tensor(sigma), torch.tensor(sigma_next))
        # The sigmas are float32 there: the tree is asked for slightly other times.
        torch.testing.assert_close(ours.draw(sigma, sigma_next), expected, atol=2e-3, rtol=1e-3)


def test_dpmpp_sde_equals_that_of_diffusers_on_the_same_brownian_path() -> None:
    scheduler = diffusers.DPMSolverSDEScheduler(**KARRAS, noise_sampler_seed=5)
    scheduler.set_timesteps(8)
    theirs = list(their_path(scheduler, midpoint=True))
    distinct = torch.tensor(list(dict.fromkeys(scheduler.sigmas.float().tolist())))

    ours = our_path("dpmpp_sde", distinct, seed=5)

    for step, mine in enumerate(ours[:-1]):
        torch.testing.assert_close(mine, theirs[2 * step + 1], atol=5e-3, rtol=1e-3)


@pytest.mark.parametrize("solver", ["midpoint", "heun"])
def test_dpmpp_2m_sde_equals_that_of_diffusers_for_the_same_noise(solver: str) -> None:
    settings = {**SOLVER, "algorithm_type": "sde-dpmsolver++", "solver_type": solver}
    scheduler = diffusers.DPMSolverMultistepScheduler(**settings)
    scheduler.set_timesteps(16)
    sigmas = scheduler.sigmas.float()
    levels = sigmas.tolist()
    path = BrownianNoise(NOISE, 5, levels[-2], levels[0], on_cpu=True)
    ours = our_path("dpmpp_2m_sde", sigmas, seed=5, solver_type=solver)

    x = NOISE * levels[0] / (1 + levels[0] ** 2) ** 0.5
    for step, timestep in enumerate(scheduler.timesteps):
        sigma, sigma_next = levels[step], levels[step + 1]
        latent = x * (1 + sigma**2) ** 0.5
        eps = (latent - denoise(latent, sigma)) / sigma
        noise = path.draw(sigma, sigma_next) if sigma_next else torch.zeros_like(x)
        x = scheduler.step(eps, timestep, x, variance_noise=noise).prev_sample
        expected = x * (1 + sigma_next**2) ** 0.5
        torch.testing.assert_close(ours[step], expected, atol=5e-4, rtol=2e-4)
