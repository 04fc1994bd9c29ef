"""ModelSamplingDiscrete and RescaleCFG: another prediction, schedule or guidance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import torch

from engine.errors import InvalidValueError
from engine.registry.decorator import node
from engine.types import Model, Prediction
from nodes.sampling.widgets import Share

_PREDICTIONS = {"eps": Prediction.EPS, "v_prediction": Prediction.V, "x0": Prediction.X0}


@node("ModelSamplingDiscrete", category="advanced/model")
def model_sampling_discrete(
    model: Model,
    sampling: Literal["eps", "v_prediction", "lcm", "x0", "img_to_img"],
    zsnr: bool = False,
) -> Model:
    """Tell what a model was trained to predict, when its file does not say it.

    "lcm" and "img_to_img" are not available yet.

    Args:
        model: The diffusion model.
        sampling: What the network predicts.
        zsnr: The model was trained down to zero signal (zero terminal SNR).
    """
    if sampling not in _PREDICTIONS:
        raise InvalidValueError('input "sampling"', sampling, ", ".join(_PREDICTIONS))
    return model.with_settings(
        prediction=_PREDICTIONS[sampling],
        schedule=replace(model.schedule, zero_terminal_snr=zsnr),
    )


@node("RescaleCFG", category="advanced/model")
def rescale_cfg(model: Model, multiplier: Share = 0.7) -> Model:
    """Keep contrast and colour in check at a high cfg.

    Made for models with v prediction.

    Args:
        model: The diffusion model.
        multiplier: 0 leaves guidance as it is, 1 rescales it fully.
    """

    def rescaled(payload: Mapping[str, Any]) -> torch.Tensor:
        return _rescaled_guidance(payload, multiplier)

    return model.with_settings(options={"sampler_cfg_function": rescaled})


def _rescaled_guidance(payload: Mapping[str, torch.Tensor], multiplier: float) -> torch.Tensor:
    """Return x - x0 with the guided v brought to the positive's spread.

    Source: arXiv:2305.08891, Eq. 15 and 16, in the network's own v and variance-preserving x.
    """
    x: torch.Tensor = payload["input"]
    sigma: torch.Tensor = payload["sigma"].view(-1, *[1] * (x.dim() - 1))
    root = (sigma**2 + 1).sqrt()
    # v = (x / (sigma^2 + 1) - x0) sqrt(sigma^2 + 1) / sigma, and x0 = x - cond.
    cond, uncond = (
        (x / root**2 - (x - payload[side])) * root / sigma for side in ("cond", "uncond")
    )
    guided = uncond + payload["cond_scale"] * (cond - uncond)
    axes = tuple(range(1, x.dim()))
    matched = guided * (cond.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True))
    v = multiplier * matched + (1 - multiplier) * guided
    x0: torch.Tensor = x / root**2 - v * sigma / root
    return x - x0
