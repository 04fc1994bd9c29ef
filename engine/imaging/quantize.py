"""Reduces a picture to few colours, with or without dithering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.imaging.convert import Bytes


def quantize(pixels: Bytes, colours: int, dither: str) -> Bytes:
    """Return (H, W, 3) bytes with at most `colours` different colours.

    The palette is Pillow's median cut of the picture itself.

    Args:
        pixels: (H, W, 3).
        colours: 1 to 256.
        dither: "none", "floyd-steinberg", or "bayer-N" for an ordered N x N pattern.
    """
    palette = Image.fromarray(pixels).quantize(colours)
    if dither.startswith("bayer-"):
        pixels = _ordered(pixels, colours, int(dither.removeprefix("bayer-")))
    method = Image.Dither.FLOYDSTEINBERG if dither == "floyd-steinberg" else Image.Dither.NONE
    reduced = Image.fromarray(pixels).quantize(colours, palette=palette, dither=method)
    return np.asarray(reduced.convert("RGB"))


def bayer_matrix(order: int) -> npt.NDArray[np.float32]:
    """Return the (order, order) threshold map with values k / order^2, k = 0 … order^2 - 1.

    Source: B. E. Bayer, "An optimum method for two-level rendition of continuous-tone
    pictures", ICC 1973.

    Args:
        order: A power of two.
    """
    matrix = np.zeros((1, 1), dtype=np.float32)
    while matrix.shape[0] < order:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix / order**2).astype(np.float32)


def _ordered(pixels: Bytes, colours: int, order: int) -> Bytes:
    """Shift each pixel by its threshold, of mean 0, times the spacing of evenly spread colours."""
    spacing = 255.0 / max(1.0, colours ** (1 / 3) - 1.0) if colours > 1 else 0.0
    height, width = pixels.shape[:2]
    tiles = -(-height // order), -(-width // order)
    thresholds = np.tile(bayer_matrix(order) + 0.5 / order**2 - 0.5, tiles)[:height, :width, None]
    shifted = pixels.astype(np.float32) + spacing * thresholds
    result: Bytes = np.rint(shifted.clip(0.0, 255.0)).astype(np.uint8)
    return result
