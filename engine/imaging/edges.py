"""Canny's edge detector.

Source: J. Canny, "A Computational Approach to Edge Detection", IEEE PAMI 8(6), 1986.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from engine.imaging.filters import gaussian_blur

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_BLUR_RADIUS, _BLUR_SIGMA = 2, 1.0
# Per eighth of a turn (y pointing down): the step to the neighbour the gradient points at.
_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))

Flags = npt.NDArray[np.bool_]


def canny(image: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Return (B, H, W) with 1 on edges of a (B, H, W, C) image, 0 elsewhere.

    The image's luma is blurred (5 x 5, sigma 1); the Sobel gradient's length (a sharp step from
    0 to 1 gives 2.6) is kept where it is a maximum across the edge. Such pixels above `high`
    are edges, and those above `low` that touch an edge.
    """
    luma = _luma(image)
    blurred = gaussian_blur(luma.unsqueeze(1), _BLUR_RADIUS, _BLUR_SIGMA)
    across, down = _sobel(blurred)
    length = torch.hypot(across, down)
    thin = torch.where(_is_ridge(length, across, down), length, torch.zeros_like(length))
    strong, weak = (thin > high).numpy(), (thin > low).numpy()
    edges = np.stack([_connected(s, w) for s, w in zip(strong, weak, strict=True)])
    return torch.from_numpy(edges).to(image.dtype)


def _luma(image: torch.Tensor) -> torch.Tensor:
    if image.shape[-1] < 3:
        return image[..., 0]
    return image[..., :3] @ torch.tensor(_LUMA, dtype=image.dtype)


def _sobel(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients of (B, 1, H, W) to the right and downwards, each (B, H, W)."""
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    kernels = torch.stack((across, across.T)).unsqueeze(1).to(image.dtype)
    found = functional.conv2d(functional.pad(image, (1, 1, 1, 1), mode="replicate"), kernels)
    return found[:, 0], found[:, 1]


def _is_ridge(length: torch.Tensor, across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """Say where the gradient is not exceeded by its two neighbours along its own direction."""
    eighths = torch.round(torch.atan2(down, across) / (torch.pi / 4)).long() % 4
    height, width = length.shape[-2:]
    padded = functional.pad(length, (1, 1, 1, 1))
    ridge = torch.zeros_like(length, dtype=torch.bool)
    for direction, (dy, dx) in enumerate(_STEPS):
        ahead = padded[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        behind = padded[:, 1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        # One side strictly: a plateau two pixels wide gives a line one pixel wide.
        ridge |= (eighths == direction) & (length > behind) & (length >= ahead)
    return ridge


def _connected(strong: Flags, weak: Flags) -> Flags:
    """Return the pixels of `weak` that a path of weak pixels joins to a strong one.

    The front of newly found pixels is followed, so the work is linear in the number of pixels.
    """
    left = np.pad(weak & ~strong, 1)
    found = np.pad(strong, 1)
    rows, columns = np.nonzero(found)
    steps = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
    while rows.size:
        rows = (rows[:, None] + steps[:, 0]).ravel()
        columns = (columns[:, None] + steps[:, 1]).ravel()
        hit = left[rows, columns]
        places = np.unique(np.stack((rows[hit], columns[hit]), axis=1), axis=0)
        rows, columns = places[:, 0], places[:, 1]
        left[rows, columns] = False
        found[rows, columns] = True
    return found[1:-1, 1:-1]
