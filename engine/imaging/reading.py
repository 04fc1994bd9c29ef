"""Reads picture files of any kind into image tensors, within the limits of `opening`.

`MAX_FRAMES`, 4096, is the largest batch a node makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image, ImageOps, ImageSequence

from engine.errors import FileFormatError
from engine.imaging.convert import split_picture
from engine.imaging.opening import (
    DECODER_ERRORS,
    EXTENSIONS,
    MAX_PIXELS,
    decoder_problem,
    open_picture,
)

__all__ = ["EXTENSIONS", "Pictures", "alpha_to_mask", "read_pictures"]

MAX_FRAMES = 4096


class Pictures(NamedTuple):
    """A picture file's frames.

    Attributes:
        image: (B, H, W, 3) float32 in [0, 1].
        alpha: (B, H, W) float32, 1 = opaque; None when no frame has transparency.
    """

    image: torch.Tensor
    alpha: torch.Tensor | None


def read_pictures(path: Path) -> Pictures:
    """Return all frames of a picture file, turned upright by its EXIF orientation.

    Frames whose size differs from the first one's are skipped; they are previews and pages of
    other documents, which no batch can hold.

    Raises: FileFormatError, when the file is no picture, is damaged or exceeds a limit.
    """
    try:
        with path.open("rb") as file, open_picture(file, path) as picture:
            frames = list(_frames(picture, path))
    except DECODER_ERRORS as error:
        raise FileFormatError(path, decoder_problem(error)) from error
    image = torch.stack([colour for colour, _ in frames])
    if all(alpha is None for _, alpha in frames):
        return Pictures(image, None)
    opaque = torch.ones(image.shape[1:3])
    return Pictures(image, torch.stack([opaque if a is None else a for _, a in frames]))


def alpha_to_mask(pictures: Pictures) -> torch.Tensor:
    """Return 1 - alpha as (B, H, W); zeros (1, 64, 64) for pictures without transparency."""
    return torch.zeros(1, 64, 64) if pictures.alpha is None else 1.0 - pictures.alpha


def _frames(picture: Image.Image, path: Path) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    size = picture.size
    pixels = 0
    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        # A multi-picture JPEG is one photograph; what follows are depth and gain maps.
        if number and picture.format == "MPO":
            return
        if frame.size != size:
            continue
        pixels += size[0] * size[1]
        if number >= MAX_FRAMES or pixels > MAX_PIXELS:
            raise FileFormatError(
                path,
                f"it has more than {MAX_FRAMES} frames or {MAX_PIXELS} pixels in all frames",
                "Split the animation first.",
            )
        yield split_picture(ImageOps.exif_transpose(frame))
