"""Masks on a latent: what is regenerated and what stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor
from torch.nn import functional

from engine.sampling.denoiser import Denoiser, noised
from engine.types import Prediction

MaskHook: TypeAlias = Callable[[float], Tensor]
"""Returns the mask (B, 1, h, w) that holds at a noise level."""


def resize_mask(mask: Tensor, height: int, width: int) -> Tensor:
    """Return a mask of any size, (h, w) to (B, 1, h, w), as (B, 1, height, width), bilinear."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).float()
    if mask.shape[-2:] == (height, width):
        return mask
    return functional.interpolate(mask, size=(height, width), mode="bilinear")


def fit_mask(mask: Tensor, latent: Tensor) -> Tensor:
    """Return a mask for every item of a latent (B, C, h, w), on its device."""
    fitted = resize_mask(mask, *latent.shape[-2:]).to(latent.device, latent.dtype)
    repeats = -(-len(latent) // len(fitted))
    return fitted.repeat(repeats, 1, 1, 1)[: len(latent)]


@dataclass(frozen=True, slots=True)
class MaskedDenoiser:
    """Keeps the area outside a mask at the original latent.

    The area is replaced by the original noised to the current sigma before the network sees it,
    and by the original itself in the estimate.
    """

    inner: Denoiser
    prediction: Prediction
    latent: Tensor
    noise: Tensor
    mask: MaskHook

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Return x0; see `Denoiser`."""
        mask = self.mask(sigma)
        known = noised(self.prediction, self.noise, self.latent, sigma, from_pure_noise=False)
        x0 = self.inner(x * mask + known * (1 - mask), sigma)
        return x0 * mask + self.latent * (1 - mask)


def mask_at(mask: Tensor, hook: Callable[..., Any] | None, extra: dict[str, Any]) -> MaskHook:
    """Return the mask over sigma; a model's "denoise_mask_function" may change it each step.

    Args:
        hook: (sigma (B,) tensor, mask, extra_options=…) -> mask, as packs write it.
        extra: Passed on as `extra_options`: "model" and "sigmas".
    """
    if hook is None:
        return lambda sigma: mask

    def changed(sigma: float) -> Tensor:
        result: Tensor = hook(mask.new_full((len(mask),), sigma), mask, extra_options=extra)
        return result

    return changed
