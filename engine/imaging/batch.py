"""Batches and channels of unequal size brought together."""

from __future__ import annotations

import torch


def repeat_to_batch(tensor: torch.Tensor, size: int) -> torch.Tensor:
    """Return `size` items along axis 0: the first ones, or the whole batch over and over.

    The result may share memory with `tensor`.
    """
    count = tensor.shape[0]
    if count == size:
        return tensor
    if count == 1:
        return tensor.expand(size, *tensor.shape[1:])
    if count > size:
        return tensor[:size]
    return tensor[torch.arange(size, device=tensor.device) % count]


def with_channels(image: torch.Tensor, channels: int) -> torch.Tensor:
    """Return a (B, H, W, C) image with 1, 3 or 4 channels.

    Grey is repeated, a missing alpha is 1 (opaque), surplus channels are dropped.
    """
    have = image.shape[-1]
    if have == channels:
        return image
    if have < 3:
        image = image[..., :1].expand(*image.shape[:-1], 3)
    if channels == 4:
        return torch.cat((image[..., :3], torch.ones_like(image[..., :1])), dim=-1)
    return image[..., :channels]


def same_channels(*images: torch.Tensor) -> list[torch.Tensor]:
    """Return the images with as many channels as the richest of them has."""
    channels = max(image.shape[-1] for image in images)
    return [with_channels(image, channels) for image in images]
