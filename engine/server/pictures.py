"""Checks and converts pictures for /view and /upload; runs in threads, within pixel limits."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from engine.errors import FileFormatError
from engine.imaging.opening import DECODER_ERRORS, EXTENSIONS, decoder_problem, open_picture
from engine.server.answers import RequestError

MAX_PIXELS = 1 << 27  # half a GiB as RGBA; larger ones can be downloaded as they are
_PREVIEW = re.compile(r"^(webp|jpeg)(?:;(\d{1,3}))?$")
_TYPES = {"webp": "image/webp", "jpeg": "image/jpeg"}


class Preview(NamedTuple):
    """A compressed form: format "webp" or "jpeg", quality 1 to 100."""

    format: str
    quality: int

    @classmethod
    def parse(cls, text: str) -> Preview:
        """Read `webp;90`; the quality may be left out. Raises: RequestError."""
        match = _PREVIEW.match(text)
        quality = int(match[2] or 90) if match else 0
        if match is None or not 1 <= quality <= 100:
            raise RequestError(
                '"preview" must be webp or jpeg, or for instance webp;80 (1 to 100).'
            )
        return cls(match[1], quality)


class Encoded(NamedTuple):
    """A picture file in memory."""

    body: bytes
    media_type: str


def is_picture_name(name: str) -> bool:
    """Tell by its extension whether a file should be a picture."""
    return Path(name).suffix.lower() in EXTENSIONS


def check_picture(path: Path, name: str) -> None:
    """Refuse a file that should be a picture and is none, or claims too many pixels.

    Raises: FileFormatError, naming the file as the client does.
    """
    with _open(path, Path(name)):
        pass


def preview_of(path: Path, preview: Preview, *, keep_alpha: bool) -> Encoded:
    """Return a picture compressed and upright; without alpha where format or client has none.

    Raises: FileFormatError.
    """
    with _open(path) as stored:
        picture = ImageOps.exif_transpose(stored)
        alpha = keep_alpha and preview.format == "webp" and picture.has_transparency_data
        body = io.BytesIO()
        picture.convert("RGBA" if alpha else "RGB").save(
            body, preview.format, quality=preview.quality
        )
    return Encoded(body.getvalue(), _TYPES[preview.format])


def thumbnail_of(path: Path, edge: int) -> Encoded:
    """Return a WebP whose longer side has `edge` pixels, or fewer when the picture has fewer.

    Raises: FileFormatError.
    """
    with _open(path) as stored:
        stored.draft("RGB", (edge, edge))  # JPEG decoders can leave out what is not needed
        picture = ImageOps.exif_transpose(stored)
        picture.thumbnail((edge, edge), Image.Resampling.BILINEAR, reducing_gap=2.0)
        body = io.BytesIO()
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        picture.convert(mode).save(body, "webp", quality=80)
    return Encoded(body.getvalue(), _TYPES["webp"])


def channel_of(path: Path, channel: str) -> Encoded:
    """Return a PNG of the colours ("rgb"), or of the alpha as alpha ("a").

    Raises: FileFormatError.
    """
    with _open(path) as picture:
        if channel == "rgb":
            result = picture.convert("RGB")
        else:
            alpha = picture.convert("RGBA").getchannel("A")
            result = Image.new("RGBA", picture.size)
            result.putalpha(alpha)
        body = io.BytesIO()
        result.save(body, "png", compress_level=1)
    return Encoded(body.getvalue(), "image/png")


def with_alpha_of(original: Path, mask: Path, mask_name: str) -> bytes:
    """Return `original` as PNG with its own texts and the alpha of `mask`.

    Raises: FileFormatError, also when the sizes differ.
    """
    with _open(original) as picture, _open(mask, Path(mask_name)) as painted:
        if picture.size != painted.size:
            raise FileFormatError(
                mask_name,
                f"it has {painted.size[0]} x {painted.size[1]} pixels, the picture it belongs to"
                f" {picture.size[0]} x {picture.size[1]}",
            )
        texts = PngInfo()
        for key, value in getattr(picture, "text", {}).items():
            texts.add_text(key, value)
        result = picture.convert("RGB")
        result.putalpha(painted.convert("RGBA").getchannel("A"))
        body = io.BytesIO()
        result.save(body, "png", pnginfo=texts, compress_level=4)
    return body.getvalue()


@contextmanager
def _open(path: Path, name: Path | None = None) -> Iterator[Image.Image]:
    """Open a picture; whatever its decoder raises becomes a FileFormatError."""
    name = name or Path(path.name)
    try:
        with path.open("rb") as file, open_picture(file, name, max_pixels=MAX_PIXELS) as picture:
            yield picture
    except DECODER_ERRORS as error:
        raise FileFormatError(name, decoder_problem(error)) from error
