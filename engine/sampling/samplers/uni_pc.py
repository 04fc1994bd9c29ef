"""UniPC: a predictor and a corrector that share their evaluations.

Letters as in arXiv:2302.04867: lambda is -log sigma (the variance exploding variable serves every
kind of model, since dx/dsigma = (x - x0) / sigma in each), h its step, r its nodes in units of h.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.snr import phi_1
from engine.sampling.steps import StepContext

Variant = Literal["bh1", "bh2"]


@sampler("uni_pc", drops_second_last=True)
@sampler("uni_pc_bh2", drops_second_last=True, variant="bh2")
def uni_pc(
    denoise: Denoiser, x: Tensor, run: StepContext, order: int = 3, variant: Variant = "bh1"
) -> Tensor:
    """UniPC-p for data prediction, multistep: arXiv:2302.04867, §3.

    The order rises from 1 at the start and falls to 1 at the end, as the authors recommend. The
    estimate behind a predicted latent corrects it afterwards, so a step costs one evaluation.

    Args:
        variant: B(h) = h ("bh1") or e^h - 1 ("bh2").

    Raises: InvalidValueError, for an unknown variant or when order < 1.
    """
    if variant not in ("bh1", "bh2"):
        raise InvalidValueError('Sampler setting "variant"', variant, "bh1 or bh2")
    if order < 1:
        raise InvalidValueError('Sampler setting "order"', order, "1 or more")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        past = _past_steps(run, step, sigma)
        if past and "x" in run.memory:
            used = past[: int(run.memory["order"])]
            x = _advance(run, run.memory.pop("x"), used, sigma, variant, x0)
        _remember(run, step, x0, past[: order - 1])
        if sigma_next == 0:
            x = x0
        elif sigma_next != sigma:
            now = min(order, run.total - step, len(past) + 1)
            run.memory["x"], run.memory["order"] = x, torch.tensor(now)
            x = _advance(run, x, [step, *past][:now], sigma_next, variant, None)
        run.report(step, x0, x)
    return x


def _past_steps(run: StepContext, step: int, sigma: float) -> list[int]:
    """List the remembered steps before this noise level, newest first."""
    return [j for j in range(step - 1, -1, -1) if f"x0 {j}" in run.memory and run.sigma(j) != sigma]


def _remember(run: StepContext, step: int, x0: Tensor, kept: list[int]) -> None:
    for name in [name for name in run.memory if name.startswith("x0 ")]:
        if int(name[3:]) not in kept:
            del run.memory[name]
    run.memory[f"x0 {step}"] = x0


def _advance(
    run: StepContext,
    x: Tensor,
    used: list[int],
    end: float,
    variant: Variant,
    at_end: Tensor | None,
) -> Tensor:
    """Go from the newest of the `used` steps to sigma `end`.

    Args:
        at_end: x0 estimated there, which makes the predictor the corrector.
    """
    start, newest = run.sigma(used[0]), run.memory[f"x0 {used[0]}"]
    h = math.log(start / end)
    nodes = [math.log(start / run.sigma(j)) / h for j in used[1:]]
    estimates = [run.memory[f"x0 {j}"] for j in used[1:]]
    if at_end is not None:
        nodes.append(1.0)
        estimates.append(at_end)
    x = (end / start) * x + phi_1(h) * newest
    for weight, node, estimate in zip(_weights(nodes, h, variant), nodes, estimates, strict=True):
        x = x + (estimate - newest) * (weight / node)
    return x


def _weights(nodes: list[float], h: float, variant: Variant) -> list[float]:
    """Return B(h) times the coefficients a of the paper's linear system R a = b.

    A single node takes a = 1/2, which fulfils the system to the order asked for.
    """
    if not nodes:
        return []
    b_of_h = -h if variant == "bh1" else math.expm1(-h)
    if len(nodes) == 1:
        return [-b_of_h / 2]
    right, phi = [], math.expm1(-h) / -h - 1
    for k in range(1, len(nodes) + 1):
        right.append(phi * math.factorial(k) / b_of_h)
        phi = phi / -h - 1 / math.factorial(k + 1)
    rows = np.vander(nodes, len(nodes), increasing=True).T
    return [float(-b_of_h * a) for a in np.linalg.solve(rows, right)]
