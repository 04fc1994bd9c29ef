"""Encodes images into picture files, with the metadata texts inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from engine.errors import InvalidValueError
from engine.imaging.embedding import animated_png_info, exif_block, png_info

DEFAULT_COMPRESS_LEVEL = 4  # of zlib's 0 … 9
_WEBP_MAX_SIDE = 16383  # VP8 stores 14 bits


@dataclass(frozen=True, slots=True)
class WebpQuality:
    """How a WebP is compressed.

    Attributes:
        lossless: Keep every bit; `quality` is then the effort.
        quality: 0 … 100.
        method: 0 (fast) … 6 (small).
    """

    lossless: bool = True
    quality: int = 80
    method: int = 4


def write_png(
    picture: Image.Image,
    file: BinaryIO,
    texts: Mapping[str, str],
    compress_level: int = DEFAULT_COMPRESS_LEVEL,
) -> None:
    """Write a PNG whose tEXt chunks are `texts`."""
    picture.save(file, "PNG", pnginfo=png_info(texts), compress_level=compress_level)


def write_animated_png(
    pictures: list[Image.Image],
    file: BinaryIO,
    texts: Mapping[str, str],
    fps: float,
    compress_level: int = DEFAULT_COMPRESS_LEVEL,
) -> None:
    """Write an animated PNG that loops for ever, `fps` frames a second (to the millisecond)."""
    pictures[0].save(
        file,
        "PNG",
        save_all=True,
        append_images=pictures[1:],
        duration=int(1000.0 / fps),
        loop=0,
        pnginfo=animated_png_info(texts),
        compress_level=compress_level,
    )


def write_animated_webp(
    pictures: list[Image.Image],
    file: BinaryIO,
    texts: Mapping[str, str],
    fps: float,
    quality: WebpQuality,
) -> None:
    """Write an animated WebP that loops for ever, with `texts` in its EXIF block.

    Raises: InvalidValueError, when a side exceeds the format's 16383 pixels.
    """
    if max(pictures[0].size) > _WEBP_MAX_SIDE:
        raise InvalidValueError(
            "image size", pictures[0].size, f"sides of at most {_WEBP_MAX_SIDE} pixels for WebP"
        )
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=int(1000.0 / fps),
        loop=0,
        lossless=quality.lossless,
        quality=quality.quality,
        method=quality.method,
        exif=exif_block(texts),
    )
