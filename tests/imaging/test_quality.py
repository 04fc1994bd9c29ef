from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from engine.errors import InvalidValueError
from engine.imaging.quality import psnr, ssim


def picture(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_psnr_by_hand() -> None:
    first = torch.zeros(2, 2, 2, 3)
    second = torch.stack([torch.full((2, 2, 3), 0.1), torch.zeros(2, 2, 3)])
    assert psnr(first, second).tolist() == [pytest.approx(20.0), math.inf]


def ssim_by_loop(x: torch.Tensor, y: torch.Tensor) -> float:
    """Eq. 13 of the paper for every window of two (H, W) pictures, in Python floats."""
    weights = [
        [math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2)) for j in range(11)]
        for i in range(11)
    ]
    total = sum(map(sum, weights))
    cells = [(i, j, weights[i][j] / total) for i in range(11) for j in range(11)]
    values = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            pairs = [(float(x[top + i, left + j]), float(y[top + i, left + j]), w)
                     for i, j, w in cells]  # fmt: skip
            mean_x, mean_y = sum(a * w for a, _, w in pairs), sum(b * w for _, b, w in pairs)
            var_x = sum(w * (a - mean_x) ** 2 for a, _, w in pairs)
            var_y = sum(w * (b - mean_y) ** 2 for _, b, w in pairs)
            cov = sum(w * (a - mean_x) * (b - mean_y) for a, b, w in pairs)
            values.append(
                (2 * mean_x * mean_y + 1e-4) * (2 * cov + 9e-4)
                / ((mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4))
            )  # fmt: skip
    return sum(values) / len(values)


def test_ssim_is_the_papers_formula_in_every_window() -> None:
    first = picture(0, 2, 13, 14, 2)
    second = (first + 0.3 * picture(1, 2, 13, 14, 2)).clamp(0, 1)
    expected = [
        sum(ssim_by_loop(first[i, :, :, c], second[i, :, :, c]) for c in range(2)) / 2
        for i in range(2)
    ]
    assert ssim(first, second).tolist() == pytest.approx(expected, abs=1e-6)


def test_equal_pictures_are_wholly_similar() -> None:
    first = picture(2, 1, 32, 16, 3)
    assert ssim(first, first).tolist() == pytest.approx([1.0])
    assert psnr(first, first).item() == math.inf


def test_more_noise_is_less_similar() -> None:
    first, noise = picture(3, 1, 32, 32, 3), picture(4, 1, 32, 32, 3) - 0.5
    measures = [(psnr(first, first + a * noise), ssim(first, first + a * noise))
                for a in (0.05, 0.2, 0.8)]  # fmt: skip
    assert all(float(a[i]) > float(b[i]) for a, b in pairwise(measures) for i in (0, 1))


def test_pictures_that_cannot_be_compared_are_named() -> None:
    with pytest.raises(InvalidValueError, match="pictures to compare"):
        psnr(picture(0, 1, 16, 16, 3), picture(0, 1, 16, 17, 3))
    with pytest.raises(InvalidValueError, match="at least 11 pixels"):
        ssim(picture(0, 1, 10, 40, 3), picture(0, 1, 10, 40, 3))
