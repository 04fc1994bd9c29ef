"""Pillow pictures, 8-bit arrays and image tensors, each into the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from engine.errors import InvalidValueError

Bytes = npt.NDArray[np.uint8]

_SIXTEEN_BIT_MODES = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N"})


def to_bytes(image: torch.Tensor) -> Bytes:
    """Return values in [0, 1] as 8 bit: round(255 v), halves to even; never truncated.

    Values that left [0, 1], for instance through sharpening, take the nearest bound.

    Raises: InvalidValueError, when a value is not a number, as from a VAE that overflowed.
    """
    image = image.detach().to("cpu", torch.float32)
    if torch.isnan(image.sum()) and bool(torch.isnan(image).any()):
        raise InvalidValueError(
            "image",
            "values that are not a number (NaN)",
            "numbers from 0 to 1",
            "The model or the VAE overflowed; run it in a wider precision.",
        )
    scaled = image.clamp(0.0, 1.0).mul_(255.0).round_()
    array: Bytes = scaled.to(torch.uint8).numpy()
    return array


def to_pictures(image: torch.Tensor) -> list[Image.Image]:
    """Return one Pillow picture (L, RGB or RGBA) per item of a (B, H, W, C) image.

    Raises: InvalidValueError, see `to_bytes`.
    """
    return [_picture(item) for item in to_bytes(image)]


def _picture(array: Bytes) -> Image.Image:
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def split_picture(picture: Image.Image) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return a picture of any mode as colour (H, W, 3) and alpha (H, W) or None, in [0, 1].

    Grey of 16 bits keeps its 16 bits; float pictures must already be in [0, 1].

    Raises: ValueError, when the mode cannot be turned into RGB or values have another range.
    """
    if picture.mode in _SIXTEEN_BIT_MODES:
        return _grey(np.asarray(picture).astype(np.float32) / 65535.0), None
    if picture.mode == "F":
        return _grey(np.array(picture, dtype=np.float32)), None
    if not picture.has_transparency_data:
        return _from_bytes(np.asarray(picture.convert("RGB"))), None
    pixels = _from_bytes(np.asarray(picture.convert("RGBA")))
    return pixels[..., :3].contiguous(), pixels[..., 3].contiguous()


def _from_bytes(array: Bytes) -> torch.Tensor:
    # Copied: Pillow's array is read-only, which torch does not know.
    return torch.from_numpy(array.astype(np.float32)).div_(255.0)


def _grey(values: npt.NDArray[np.float32]) -> torch.Tensor:
    if not (np.isfinite(values).all() and values.min() >= 0.0 and values.max() <= 1.0):
        raise ValueError("its values are outside the range of 8 or 16 bits, or of floats in [0, 1]")
    return torch.from_numpy(values).unsqueeze(-1).repeat(1, 1, 3)
