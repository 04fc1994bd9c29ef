"""Sampling nodes: parts together do what the KSampler does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import pytest
import torch

from engine.errors import InvalidValueError
from engine.sampling.registry import find_sampler
from engine.types import LatentDict, Prediction, Preview
from nodes.advanced.model_sampling import model_sampling_discrete, rescale_cfg
from nodes.sampling import custom, sigmas
from nodes.sampling.ksampler import k_sampler
from nodes.sampling.schedulers import basic_scheduler
from tests.sampling.sampling_fakes import GaussianModel, prompt

T = TypeVar("T")


class RecordingContext:
    """A node context that keeps what is reported."""

    node_id = "3"
    prompt_id = "p"
    call_index = 0
    prompt: Mapping[str, Any] = {}
    extra_pnginfo: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.reports: list[tuple[float, float, Preview | None]] = []

    def service(self, kind: type[T]) -> T:
        raise LookupError(kind)

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        self.reports.append((value, total, preview))

    def check_cancelled(self) -> None:
        return None


def test_custom_parts_make_the_picture_of_the_ksampler() -> None:
    context, model = RecordingContext(), GaussianModel()
    latent: LatentDict = {"samples": torch.zeros(1, 4, 8, 8)}
    whole = k_sampler(
        context,
        model,
        5,
        4,
        3.0,
        sampler_name="euler",
        scheduler="karras",
        positive=prompt(0.5),
        negative=prompt(0.1),
        latent_image=latent,
    )

    parts = custom.sampler_custom_advanced(
        context,
        custom.random_noise(5),
        custom.cfg_guider(model, prompt(0.5), prompt(0.1), 3.0),
        find_sampler("euler"),
        basic_scheduler(model, "karras", 4),
        latent,
    )

    assert torch.equal(parts.output["samples"], whole["samples"])
    assert torch.equal(parts.denoised_output["samples"], whole["samples"])
    assert [report[:2] for report in context.reports[:4]] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert context.reports[0][2] is not None
    assert torch.equal(latent["samples"], torch.zeros(1, 4, 8, 8))


def test_splits_meet_and_flips_never_start_at_zero() -> None:
    levels = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.0])

    assert [part.tolist() for part in sigmas.split_sigmas(levels, 1)] == [[4, 3], [3, 2, 1, 0]]
    high, low = sigmas.split_sigmas_denoise(levels, 0.5)
    assert (high.tolist(), low.tolist()) == ([4, 3, 2], [2, 1, 0])
    assert sigmas.flip_sigmas(levels).tolist() == pytest.approx([1e-4, 1, 2, 3, 4])
    assert levels[-1] == 0


def test_model_sampling_changes_a_copy() -> None:
    model = GaussianModel()

    changed = model_sampling_discrete(model, "v_prediction", zsnr=True)

    assert (changed.prediction, changed.schedule.zero_terminal_snr) == (Prediction.V, True)
    assert model.prediction is Prediction.EPS
    with pytest.raises(InvalidValueError, match="lcm"):
        model_sampling_discrete(model, "lcm")


@pytest.mark.parametrize("multiplier", [0.0, 1.0])
def test_rescaled_guidance_matches_the_positives_spread(multiplier: float) -> None:
    hook = rescale_cfg(GaussianModel(), multiplier).options["sampler_cfg_function"]
    x, cond, uncond = torch.randn((3, 1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([2.0])
    given = {"input": x, "sigma": sigma, "cond": x - cond, "uncond": x - uncond, "cond_scale": 5.0}

    x0 = x - hook(given)

    def v(estimate: torch.Tensor) -> Any:
        return (x / 5 - estimate) * (math.sqrt(5) / 2)

    if multiplier == 0:
        torch.testing.assert_close(x0, uncond + 5 * (cond - uncond))
    else:
        torch.testing.assert_close(v(x0).std(), v(cond).std())
