"""Checks of the tensors that come in over links: one clear sentence when a shape is wrong."""

from __future__ import annotations

from typing import Any

import torch

from engine.errors import InvalidValueError


def check_image(image: Any, name: str = "image") -> torch.Tensor:
    """Return `image` when it is (B, H, W, C) with 1 to 4 channels and no empty axis.

    Raises: InvalidValueError, naming the input.
    """
    if not isinstance(image, torch.Tensor):
        raise _wrong(name, type(image).__name__, "an image")
    if image.ndim != 4 or image.numel() == 0 or image.shape[-1] > 4:
        raise _wrong(name, tuple(image.shape), "an image of shape (batch, height, width, channels)")
    return image


def check_mask(mask: Any, name: str = "mask") -> torch.Tensor:
    """Return a mask as (B, H, W); (H, W) and (B, 1, H, W) are taken too.

    Raises: InvalidValueError, naming the input.
    """
    if not isinstance(mask, torch.Tensor):
        raise _wrong(name, type(mask).__name__, "a mask")
    fits = mask.ndim in (2, 3) or (mask.ndim == 4 and mask.shape[1] == 1)
    if not fits or mask.numel() == 0:
        raise _wrong(name, tuple(mask.shape), "a mask of shape (batch, height, width)")
    return mask.reshape(-1, *mask.shape[-2:])


def check_latent(latent: Any, name: str = "samples") -> torch.Tensor:
    """Return the samples of a latent when they are (B, C, h, w) and not empty.

    Raises: InvalidValueError, naming the input.
    """
    samples = latent.get("samples") if isinstance(latent, dict) else None
    if not isinstance(samples, torch.Tensor):
        raise _wrong(name, type(latent).__name__, 'a latent with a "samples" tensor')
    if samples.ndim != 4 or samples.numel() == 0:
        raise _wrong(
            name, tuple(samples.shape), "latent samples of shape (batch, channels, height, width)"
        )
    return samples


def check_same_channels(first: torch.Tensor, second: torch.Tensor, name: str) -> None:
    """Compare the channels (axis 1) of two channels-first tensors.

    Raises: InvalidValueError, naming the second one's input.
    """
    if first.shape[1] != second.shape[1]:
        raise _wrong(name, second.shape[1], f"{first.shape[1]} channels, as the other input has")


def _wrong(name: str, got: object, expected: str) -> InvalidValueError:
    return InvalidValueError(f'input "{name}"', got, expected)
