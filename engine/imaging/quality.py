"""How much two pictures differ: PSNR and SSIM."""

from __future__ import annotations

from typing import Final

import torch

from engine.errors import InvalidValueError
from engine.imaging.filters import gaussian_blur

_RADIUS: Final = 5  # an 11×11 window
_SIGMA: Final = 1.5
_C1: Final = 0.01**2
_C2: Final = 0.03**2


def psnr(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the peak signal-to-noise ratio of each pair in dB, (B,); infinite for equal ones.

    -10 log10 of the mean squared difference, the peak being 1.

    Args:
        first, second: (B, H, W, C) in [0, 1].

    Raises: InvalidValueError, when the shapes differ.
    """
    _check_shapes(first, second)
    return -10 * (first - second).square().flatten(1).mean(1).log10()


def ssim(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the structural similarity of each pair, (B,), 1 for equal ones.

    The mean over channels and over all windows that lie inside the picture. Source: Z. Wang et
    al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004:
    Gaussian window 11×11 with sigma 1.5, K1 = 0.01, K2 = 0.03, L = 1.

    Args:
        first, second: (B, H, W, C) in [0, 1], sides of at least 11 pixels.

    Raises: InvalidValueError, when the shapes differ or a side is too short.
    """
    _check_shapes(first, second)
    if min(first.shape[1:3]) < 2 * _RADIUS + 1:
        sides = f"sides of at least {2 * _RADIUS + 1} pixels"
        raise InvalidValueError("SSIM, image", list(first.shape[1:3]), sides)
    x, y = first.movedim(-1, 1).double(), second.movedim(-1, 1).double()
    mean_x, mean_y = _windows(x), _windows(y)
    var_x = _windows(x * x) - mean_x**2
    var_y = _windows(y * y) - mean_y**2
    covariance = _windows(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (var_x + var_y + _C2)
    return (luminance * structure).flatten(1).mean(1).float()


def _windows(x: torch.Tensor) -> torch.Tensor:
    """Return the weighted mean of each window that lies inside."""
    blurred = gaussian_blur(x, _RADIUS, _SIGMA)
    return blurred[..., _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _check_shapes(first: torch.Tensor, second: torch.Tensor) -> None:
    if first.shape != second.shape:
        raise InvalidValueError("pictures to compare", list(second.shape), str(list(first.shape)))
