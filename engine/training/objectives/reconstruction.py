"""What a first stage is asked to rebuild, and how far off the result is."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.training.objective import Losses


def random_cuts(pictures: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Cut a square of `side` pixels out of each picture (B, C, H, W), each at its own place.

    Args:
        side: At most H and W.
    """
    room = torch.tensor([pictures.shape[-2] - side + 1, pictures.shape[-1] - side + 1])
    places = (torch.rand(len(pictures), 2, generator=generator) * room).long().tolist()
    return torch.stack(
        [
            picture[:, top : top + side, left : left + side]
            for picture, (top, left) in zip(pictures, places, strict=True)
        ]
    )


def differences(pictures: Tensor, rebuilt: Tensor) -> Losses:
    """Return mean differences of pictures (B, C, H, W): "l1", "gradient" and "l2".

    "gradient" is that of the colour steps between neighbours, which are the edges.
    """
    difference = rebuilt.float() - pictures
    steps = [difference.diff(dim=axis).abs().mean() for axis in (-1, -2)]
    return {
        "l1": difference.abs().mean(),
        "gradient": (steps[0] + steps[1]) / 2,
        "l2": difference.square().mean(),
    }
