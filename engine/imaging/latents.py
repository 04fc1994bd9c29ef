"""Latents as pictures of cells: sizes in pixels, and the entries that belong to each sample.

Widgets give sizes and places in pixels; a cell of a latent stands for 8 x 8 of them in every
image model whose latents these nodes change.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from engine.imaging.batch import repeat_to_batch
from engine.imaging.checks import check_latent, check_same_channels
from engine.imaging.resize import resize
from engine.types import LatentDict

PIXELS_PER_CELL = 8


def with_samples(latent: LatentDict, samples: torch.Tensor) -> LatentDict:
    """Return a copy of a latent with other samples; everything else stays."""
    result = latent.copy()
    result["samples"] = samples
    return result


def with_mapped_mask(
    latent: LatentDict,
    samples: torch.Tensor,
    change: Callable[[torch.Tensor], torch.Tensor],
) -> LatentDict:
    """As `with_samples`; the noise mask, when there is one, becomes `change(mask)`."""
    result = with_samples(latent, samples)
    if "noise_mask" in latent:
        result["noise_mask"] = change(latent["noise_mask"])
    return result


def mask_in_pixels(mask: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
    """Return a noise mask of any size as (m, 1, 8h, 8w), for samples (B, C, h, w)."""
    height, width = (size * PIXELS_PER_CELL for size in samples.shape[-2:])
    return resize(mask.reshape(-1, 1, *mask.shape[-2:]), width, height, "bilinear")


def batch_index(latent: LatentDict) -> list[int]:
    """Return which item of a seed's noise each sample takes: 0, 1, 2 … unless it is stored."""
    return list(latent.get("batch_index", range(latent["samples"].shape[0])))


def masks_of(latent: LatentDict) -> torch.Tensor | None:
    """Return the noise masks, one per sample, (B, 1, H, W); None without a mask."""
    if "noise_mask" not in latent:
        return None
    mask = latent["noise_mask"]
    return repeat_to_batch(mask.reshape(-1, 1, *mask.shape[-2:]), latent["samples"].shape[0])


def fitted(first: LatentDict, second: LatentDict, method: str = "bilinear") -> torch.Tensor:
    """Return the samples of `second` in the size of those of `first`.

    Sides that stick out of the aspect ratio are cut.

    Raises: InvalidValueError, when the channels differ or one is no latent.
    """
    one, two = check_latent(first, "samples1"), check_latent(second, "samples2")
    check_same_channels(one, two, "samples2")
    return resize(two, one.shape[-1], one.shape[-2], method, "center")


def matched(first: LatentDict, second: LatentDict, method: str = "bilinear") -> torch.Tensor:
    """As `fitted`, repeated over the batch of `first`."""
    return repeat_to_batch(fitted(first, second, method), first["samples"].shape[0])


def joined(latents: list[LatentDict]) -> LatentDict:
    """Return one latent with the batches of all; other entries are the first one's.

    Where some have a noise mask, the others get one that lets everything be painted. The places
    in the seed's noise stay those of each latent.

    Args:
        latents: At least one, all of one size.
    """
    result = latents[0].copy()
    result["samples"] = torch.cat([latent["samples"] for latent in latents])
    if any("noise_mask" in latent for latent in latents):
        result["noise_mask"] = torch.cat([_mask_or_ones(latent) for latent in latents])
    result["batch_index"] = [place for latent in latents for place in batch_index(latent)]
    return result


def part(latent: LatentDict, places: slice) -> LatentDict:
    """Return some samples of a latent, with their masks and their places in the seed's noise."""
    result = latent.copy()
    result["samples"] = latent["samples"][places]
    result["batch_index"] = batch_index(latent)[places]
    masks = masks_of(latent)
    if masks is not None:
        result["noise_mask"] = masks[places]
    return result


def _mask_or_ones(latent: LatentDict) -> torch.Tensor:
    samples = latent["samples"]
    height, width = (size * PIXELS_PER_CELL for size in samples.shape[-2:])
    masks = masks_of(latent)
    if masks is None:
        return torch.ones(samples.shape[0], 1, height, width)
    return mask_in_pixels(masks, samples)
