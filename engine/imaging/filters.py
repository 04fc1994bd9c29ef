"""Gaussian blur and unsharp masking."""

from __future__ import annotations

import torch
from torch.nn import functional


def gaussian_blur(image: torch.Tensor, radius: int, sigma: float) -> torch.Tensor:
    """Return (B, C, H, W) convolved with exp(-d^2 / (2 sigma^2)), cut off at `radius`, sum 1.

    Beyond its border the picture is mirrored, the border line itself not repeated.

    Args:
        radius: Pixels, >= 0; the kernel has 2 radius + 1 taps along each axis.
        sigma: Standard deviation in pixels, > 0.
    """
    if radius == 0:
        return image
    distance = torch.arange(-radius, radius + 1, dtype=torch.float32, device=image.device)
    kernel = torch.exp(-0.5 * (distance / sigma).square())
    kernel = (kernel / kernel.sum()).to(image.dtype)
    rows = _convolve_last_axis(image, kernel, radius)
    return _convolve_last_axis(rows.transpose(-1, -2), kernel, radius).transpose(-1, -2)


def sharpen(image: torch.Tensor, radius: int, sigma: float, amount: float) -> torch.Tensor:
    """Return image + amount * (image - blurred image); values may leave the input's range."""
    return image + amount * (image - gaussian_blur(image, radius, sigma))


def _convolve_last_axis(image: torch.Tensor, kernel: torch.Tensor, radius: int) -> torch.Tensor:
    lines = _mirror(image, radius).flatten(0, -2).unsqueeze(1)
    return functional.conv1d(lines, kernel.reshape(1, 1, -1)).reshape(image.shape)


def _mirror(image: torch.Tensor, radius: int) -> torch.Tensor:
    """Extend the last axis at both ends; a narrow picture is mirrored to and fro."""
    last = image.shape[-1] - 1
    places = torch.arange(-radius, image.shape[-1] + radius, device=image.device)
    if last == 0:
        return image[..., places * 0]
    return image[..., last - (places.remainder(2 * last) - last).abs()]
