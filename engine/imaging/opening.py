"""Opens picture files of strangers within limits; needs no torch.

A picture's header says how much memory it will take, so it is judged before anything is
decoded. The limits are chosen so that every picture the engine can make is read back:

- `MAX_PIXELS`, 2^28: the 16384 x 16384 of the largest node widget, 3 GiB as a float image;
  all frames together.
- `MAX_SIDE`, 2^20: a strip that passes the first limit but breaks whatever works along one axis.
- Compressed texts inside a PNG may not exceed 1 MiB each and 64 MiB together (Pillow's own limit).

Only formats that Pillow decodes by itself are opened; PostScript, for one, would start a program.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from engine.errors import FileFormatError

MAX_PIXELS = 1 << 28
MAX_SIDE = 1 << 20
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


def open_picture(file: BinaryIO, path: Path, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return the picture in `file` with its header read and judged, nothing decoded.

    Raises: FileFormatError, when it claims too much; one of `DECODER_ERRORS` otherwise.
    """
    picture = Image.open(file, formats=FORMATS)
    width, height = picture.size
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        picture.close()
        raise FileFormatError(
            path,
            f"its header claims {width} x {height} pixels, more than the {max_pixels} allowed",
            "Scale it down first.",
        )
    return picture


def decoder_problem(error: BaseException) -> str:
    """Return what one of `DECODER_ERRORS` means, in one clause."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture, or of a kind that cannot be read"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it claims more than the {MAX_PIXELS} pixels allowed"
    return f"the picture is damaged ({str(error)[:200] or type(error).__name__})"
