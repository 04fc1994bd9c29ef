"""iPNDM: Adams-Bashforth with the textbook weights of an even grid."""

from __future__ import annotations

from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import sampler
from engine.sampling.steps import StepContext

_WEIGHTS = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


@sampler("ipndm")
def ipndm(denoise: Denoiser, x: Tensor, run: StepContext, max_order: int = 4) -> Tensor:
    """Adams-Bashforth of rising order: arXiv:2204.13902, iPNDM.

    The weights hold for steps of equal length in sigma and are used whatever the schedule.

    Raises: InvalidValueError, when max_order is not 1 to 4.
    """
    if not 1 <= max_order <= len(_WEIGHTS):
        raise InvalidValueError('Sampler "ipndm", max_order', max_order, "1 to 4")
    for step, sigma, sigma_next in run.steps():
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        else:
            slopes = _shift(run, (x - x0) / sigma, max_order)
            weights = _WEIGHTS[len(slopes) - 1]
            for slope, weight in zip(slopes, weights, strict=True):
                x = x + slope * (weight * (sigma_next - sigma))
        run.report(step, x0, x)
    return x


def _shift(run: StepContext, slope: Tensor, count: int) -> list[Tensor]:
    """Put a slope before the remembered ones and return the newest `count`."""
    slopes = [slope, *run.memory.values()][:count]
    run.memory.clear()
    run.memory.update({f"slope {age}": kept for age, kept in enumerate(slopes)})
    return slopes
