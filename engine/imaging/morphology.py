"""Grey-scale morphology: the largest or smallest value in a neighbourhood of each pixel.

What lies outside the picture takes no part, so borders neither grow nor shrink by themselves.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch.nn import functional

Operation: TypeAlias = Literal[
    "erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"
]


def morph(image: torch.Tensor, operation: Operation, size: int) -> torch.Tensor:
    """Apply an operation with a square of `size` pixels to (…, H, W).

    open = dilate(erode), close = erode(dilate), gradient = dilate - erode,
    top_hat = image - open, bottom_hat = close - image.
    """
    match operation:
        case "erode":
            return erode_square(image, size)
        case "dilate":
            return dilate_square(image, size)
        case "open":
            return dilate_square(erode_square(image, size), size)
        case "close":
            return erode_square(dilate_square(image, size), size)
        case "gradient":
            return dilate_square(image, size) - erode_square(image, size)
        case "top_hat":
            return image - morph(image, "open", size)
        case "bottom_hat":
            return morph(image, "close", size) - image


def dilate_square(image: torch.Tensor, size: int) -> torch.Tensor:
    """Return the maximum over a square of `size` pixels; an even one reaches further back."""
    rows = _running_max(image, size)
    return _running_max(rows.transpose(-1, -2), size).transpose(-1, -2)


def erode_square(image: torch.Tensor, size: int) -> torch.Tensor:
    """Return the minimum over a square of `size` pixels, mirrored, so that openings stay put."""
    return -dilate_square(-image.flip(-1, -2), size).flip(-1, -2)


def dilate_diamond(image: torch.Tensor, steps: int) -> torch.Tensor:
    """Return the maximum over all pixels of (…, H, W) within `steps` in the city-block distance."""
    for _ in range(steps):
        grown = image.clone()
        for axis in (-1, -2):
            inner = image.shape[axis] - 1
            for here, there in ((0, 1), (1, 0)):
                target = grown.narrow(axis, here, inner)
                torch.maximum(target, image.narrow(axis, there, inner), out=target)
        if torch.equal(grown, image):  # nothing left to grow: the remaining steps change nothing
            break
        image = grown
    return image


def _running_max(values: torch.Tensor, size: int) -> torch.Tensor:
    """Return the maximum of `size` neighbours along the last axis, in log2(size) passes."""
    size = min(size, 2 * values.shape[-1] + 1)
    before = size // 2
    # A window of 2w is the larger of two windows of w, w apart.
    result = functional.pad(values, (before, size - 1 - before), value=-torch.inf)
    have = 1
    while have < size:
        step = min(have, size - have)
        result = torch.maximum(result[..., :-step], result[..., step:])
        have += step
    return result
