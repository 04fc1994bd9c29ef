"""Resizing images, masks and latents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from engine.errors import InvalidValueError, UnknownNameError
from engine.imaging.spherical import bislerp

Method: TypeAlias = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
LatentMethod: TypeAlias = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Crop: TypeAlias = Literal["disabled", "center"]


def resize(
    image: torch.Tensor, width: int, height: int, method: str, crop: str = "disabled"
) -> torch.Tensor:
    """Return (B, C, height, width) from (B, C, H, W).

    "nearest-exact", "bilinear", "area" and "bicubic" are torch's, pixel centres at half-integers
    and no antialiasing; "lanczos" is Pillow's three-lobed filter in float, which widens when
    scaling down; "bislerp" is for latents, see `bislerp`. Bicubic and Lanczos overshoot at edges:
    values may leave the range of the input.

    Args:
        width: Pixels, at least 1.
        height: Pixels, at least 1.
        crop: "center" first cuts the sides that stick out of the target's aspect ratio, equally
            on both ends; "disabled" stretches.

    Raises: UnknownNameError for a method or crop, InvalidValueError for a size below 1.
    """
    if crop not in ("disabled", "center"):
        raise UnknownNameError("crop", crop, ("disabled", "center"))
    if method not in _METHODS:
        raise UnknownNameError("upscale method", method, _METHODS)
    if width < 1 or height < 1:
        raise InvalidValueError("size", f"{width} x {height}", "at least 1 x 1 pixels")
    if crop == "center":
        image = crop_to_aspect(image, width, height)
    if image.shape[-2:] == (height, width):
        return image
    return _METHODS[method](image, width, height)


def resize_image(
    image: torch.Tensor, width: int, height: int, method: str, crop: str = "disabled"
) -> torch.Tensor:
    """As `resize` for (B, H, W, C) in [0, 1]; overshoot is cut back to that range."""
    if crop == "disabled" and image.shape[1:3] == (height, width):
        return image
    resized = resize(image.movedim(-1, 1), width, height, method, crop).movedim(1, -1)
    return resized.clamp(0.0, 1.0)  # even bilinear weights can sum to a bit more than 1


def resize_mask(
    mask: torch.Tensor, width: int, height: int, crop: str = "disabled"
) -> torch.Tensor:
    """Return a (B, H, W) mask in another size, bilinear."""
    return resize(mask.unsqueeze(1), width, height, "bilinear", crop).squeeze(1).clamp(0.0, 1.0)


def crop_to_aspect(image: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Return the centred part of (B, C, H, W) whose aspect ratio is nearest to width : height.

    One axis stays whole; from the other, round(excess / 2) pixels go at both ends.
    """
    have_height, have_width = image.shape[-2:]
    left = max(0, round((have_width - have_height * width / height) / 2))
    top = max(0, round((have_height - have_width * height / width) / 2))
    # The part keeps at least one pixel, however extreme the aspect ratio is.
    left, top = min(left, (have_width - 1) // 2), min(top, (have_height - 1) // 2)
    return image[..., top : have_height - top, left : have_width - left]


def size_with_aspect(have: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return (width, height), where a 0 follows from the other by the aspect ratio of `have`.

    Args:
        have: (width, height) now; returned when both wishes are 0.
    """
    if width == 0 and height == 0:
        return have
    if width == 0:
        width = max(1, round(have[0] * height / have[1]))
    elif height == 0:
        height = max(1, round(have[1] * width / have[0]))
    return width, height


def lanczos(image: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Resize (B, C, H, W) with Pillow's Lanczos filter, each channel in float32."""
    planes = image.detach().to("cpu", torch.float32).flatten(0, 1).numpy()
    resized = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS))
        for plane in planes
    ]
    stacked = torch.from_numpy(np.stack(resized)).reshape(*image.shape[:2], height, width)
    return stacked.to(image.device, image.dtype)


def _torch_method(mode: str) -> Callable[[torch.Tensor, int, int], torch.Tensor]:
    def interpolate(image: torch.Tensor, width: int, height: int) -> torch.Tensor:
        return functional.interpolate(image, size=(height, width), mode=mode)

    return interpolate


_METHODS: dict[str, Callable[[torch.Tensor, int, int], torch.Tensor]] = {
    "nearest-exact": _torch_method("nearest-exact"),
    "bilinear": _torch_method("bilinear"),
    "area": _torch_method("area"),
    "bicubic": _torch_method("bicubic"),
    "lanczos": lanczos,
    "bislerp": bislerp,
}
