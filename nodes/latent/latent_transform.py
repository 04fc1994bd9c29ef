"""Turns, mirrors and crops latents; a noise mask goes with them."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from engine.imaging.checks import check_latent
from engine.imaging.latents import PIXELS_PER_CELL, mask_in_pixels, with_mapped_mask
from engine.imaging.window import cut
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Latent

_QUARTERS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}


@node("LatentRotate", title="Rotate Latent", category="latent/transform")
def latent_rotate(
    samples: Latent, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"]
) -> Latent:
    """Turn a latent clockwise.

    Args:
        rotation: By how much.
    """
    quarters = _QUARTERS[rotation]

    def turn(tensor: torch.Tensor) -> torch.Tensor:
        return torch.rot90(tensor, -quarters, dims=(-2, -1))

    return with_mapped_mask(samples, turn(check_latent(samples)), turn)


@node("LatentFlip", title="Flip Latent", category="latent/transform")
def latent_flip(
    samples: Latent, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"]
) -> Latent:
    """Mirror a latent.

    Args:
        flip_method: "x-axis: vertically" swaps top and bottom, the other left and right.
    """
    axis = -2 if flip_method.startswith("x") else -1

    def mirror(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.flip(axis)

    return with_mapped_mask(samples, mirror(check_latent(samples)), mirror)


@node("LatentCrop", title="Crop Latent", category="latent/transform")
def latent_crop(
    samples: Latent,
    width: Annotated[int, Number(64, 16384, 8)] = 512,
    height: Annotated[int, Number(64, 16384, 8)] = 512,
    x: Annotated[int, Number(0, 16384, 8)] = 0,
    y: Annotated[int, Number(0, 16384, 8)] = 0,
) -> Latent:
    """Cut a rectangle out of a latent; what of it lies outside the latent is left out.

    Args:
        width: Pixels.
        height: Pixels.
        x: Left edge, in pixels.
        y: Top edge, in pixels; it must lie inside the picture, as must the left one.
    """
    have = check_latent(samples)
    window = tuple(side // PIXELS_PER_CELL for side in (x, y, width, height))
    left, top, columns, rows = window

    def cut_mask(mask: torch.Tensor) -> torch.Tensor:
        in_pixels = (side * PIXELS_PER_CELL for side in window)
        return cut(mask_in_pixels(mask, have), *in_pixels)

    cropped = cut(have, left, top, columns, rows, PIXELS_PER_CELL)
    return with_mapped_mask(samples, cropped, cut_mask)
