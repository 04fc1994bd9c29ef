"""Reads picture files of any kind into image tensors, within limits.

A picture's header says how much memory it will take, so it is judged before anything is
decoded. The limits are chosen so that every picture the engine can make is read back:

- `MAX_PIXELS`, 2^28: the 16384 x 16384 of the largest node widget, 3 GiB as a float image;
  all frames together.
- `MAX_SIDE`, 2^20: a strip that passes the first limit but breaks whatever works along one axis.
- `MAX_FRAMES`, 4096: the largest batch a node makes.
- Compressed texts inside a PNG may not exceed 1 MiB each and 64 MiB together (Pillow's own limit).

Only formats that Pillow decodes by itself are opened; PostScript, for one, would start a program.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import torch
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from engine.errors import FileFormatError
from engine.imaging.convert import split_picture

MAX_PIXELS = 1 << 28
MAX_SIDE = 1 << 20
MAX_FRAMES = 4096
FORMATS = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP"),
    *("TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "QOI"),
)
EXTENSIONS = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".avif", ".jp2", ".ppm", ".pgm", ".pbm", ".tga", ".qoi"),
)

# What Pillow's decoders raise on damaged files; they promise no common class.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    NotImplementedError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

# Pillow's own guard, at the same bound: its default refuses pictures the engine itself makes.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


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
        with path.open("rb") as file, _open(file, path) as picture:
            frames = list(_frames(picture, path))
    except DECODER_ERRORS as error:
        raise FileFormatError(path, _problem(error)) from error
    image = torch.stack([colour for colour, _ in frames])
    if all(alpha is None for _, alpha in frames):
        return Pictures(image, None)
    opaque = torch.ones(image.shape[1:3])
    return Pictures(image, torch.stack([opaque if a is None else a for _, a in frames]))


def alpha_to_mask(pictures: Pictures) -> torch.Tensor:
    """Return 1 - alpha as (B, H, W); zeros (1, 64, 64) for pictures without transparency."""
    return torch.zeros(1, 64, 64) if pictures.alpha is None else 1.0 - pictures.alpha


def _open(file: BinaryIO, path: Path) -> Image.Image:
    picture = Image.open(file, formats=FORMATS)
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        picture.close()
        raise FileFormatError(
            path,
            f"its header claims {width} x {height} pixels, more than the {MAX_PIXELS} allowed",
            "Scale it down first.",
        )
    return picture


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


def _problem(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture, or of a kind that cannot be read"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it claims more than the {MAX_PIXELS} pixels allowed"
    return f"the picture is damaged ({str(error)[:200] or type(error).__name__})"
