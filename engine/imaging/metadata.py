"""Reads the prompt and workflow texts out of saved files, without decoding a pixel.

Files come from strangers: every length is checked against what is left of a budget before it is
read or decompressed, and a text is a text, never parsed here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from PIL import Image

from engine.errors import FileFormatError
from engine.imaging.opening import DECODER_ERRORS

MAX_TEXT_BYTES = 64 << 20  # all texts of a file together; the largest workflows have a few MiB
MAX_CHUNKS = 1 << 20  # a PNG of 8 GiB in the usual 8 KiB chunks
PREFERRED = ("workflow", "prompt", "parameters")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF_TEXTS = range(0x0100, 0x0111)
_PLACE_OF_BYTES = "<bytes>"


class _DamagedError(Exception):
    """What is wrong with the file, in one clause."""


class _SafetensorsHeader(msgspec.Struct):
    texts: dict[str, str] = msgspec.field(name="__metadata__", default_factory=dict)


def read_metadata(source: Path | bytes) -> dict[str, str]:
    """Return the texts embedded in a PNG, animated PNG, WebP, .latent or .safetensors file.

    Keys come in the order of preference for loading: "workflow", "prompt", "parameters", then
    the others as in the file; of equal keys the first wins. A file of another kind, or without
    texts, gives an empty dict.

    Raises: FileFormatError, when the file is damaged or its texts exceed `MAX_TEXT_BYTES`.
    """
    place = Path(_PLACE_OF_BYTES) if isinstance(source, bytes) else source
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            found: dict[str, str] = {}
            for key, text in _texts(file):
                found.setdefault(key, text)
    except _DamagedError as error:
        raise FileFormatError(place, str(error)) from error
    except OSError as error:
        raise FileFormatError(place, f"it cannot be read ({error.strerror or error})") from error
    first = {key: found[key] for key in PREFERRED if key in found}
    return {**first, **found}


def _texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    start = file.read(16)
    if start.startswith(_PNG_SIGNATURE):
        file.seek(len(_PNG_SIGNATURE))
        return _png_texts(file)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        file.seek(12)
        return _webp_texts(file)
    if len(start) > 8 and start[8:9] == b"{":
        file.seek(8)
        return _safetensors_texts(file, int.from_bytes(start[:8], "little"))
    return iter(())


def _png_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    budget = MAX_TEXT_BYTES
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        reader = _PNG_READERS.get(kind)
        if kind == b"IEND":
            return
        if reader is None:
            file.seek(length + 4, io.SEEK_CUR)
            continue
        entry = reader(_read_exactly(file, length, budget), budget)
        file.seek(4, io.SEEK_CUR)
        if entry is not None:
            budget -= max(length, len(entry[1]))
            yield entry
    raise _DamagedError(f"it has more than {MAX_CHUNKS} chunks")


def _read_exactly(file: BinaryIO, length: int, budget: int) -> bytes:
    if length > budget:
        raise _DamagedError(f"its texts exceed {MAX_TEXT_BYTES >> 20} MiB")
    body = file.read(length)
    if len(body) < length:
        raise _DamagedError("it ends in the middle of a text")
    return body


def _plain_entry(body: bytes, budget: int) -> tuple[str, str] | None:
    """Read tEXt and comf: keyword, NUL, text."""
    key, separator, text = body.partition(b"\0")
    return (key.decode("latin-1"), _decode(text)) if separator else None


def _compressed_entry(body: bytes, budget: int) -> tuple[str, str] | None:
    """Read zTXt: keyword, NUL, method 0, deflated text."""
    key, separator, rest = body.partition(b"\0")
    if not separator or rest[:1] != b"\0":
        return None
    return key.decode("latin-1"), _decode(_inflate(rest[1:], budget))


def _international_entry(body: bytes, budget: int) -> tuple[str, str] | None:
    """Read iTXt: keyword, NUL, compressed, method, language, NUL, translated, NUL, text."""
    key, _, rest = body.partition(b"\0")
    parts = rest[2:].split(b"\0", 2)
    if len(parts) < 3:
        return None
    text = _inflate(parts[2], budget) if rest[0] else parts[2]
    return key.decode("latin-1"), text.decode("utf-8", "replace")


_PNG_READERS = {
    b"tEXt": _plain_entry,
    b"comf": _plain_entry,
    b"zTXt": _compressed_entry,
    b"iTXt": _international_entry,
}


def _inflate(compressed: bytes, budget: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(compressed, budget)
    except zlib.error as error:
        raise _DamagedError("a compressed text in it is damaged") from error
    if stream.unconsumed_tail:
        raise _DamagedError(f"its texts exceed {MAX_TEXT_BYTES >> 20} MiB")
    return text


def _decode(text: bytes) -> str:
    """Read UTF-8, which many programs write, else the Latin-1 that PNG and EXIF prescribe."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _webp_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        kind, length = struct.unpack("<4sI", header)
        if kind == b"EXIF":
            yield from _exif_texts(_read_exactly(file, length, MAX_TEXT_BYTES))
            return
        file.seek(length + length % 2, io.SEEK_CUR)
    raise _DamagedError(f"it has more than {MAX_CHUNKS} chunks")


def _exif_texts(block: bytes) -> Iterator[tuple[str, str]]:
    """Read `key:{json}` entries; a camera's own entries in those places are left alone."""
    exif = Image.Exif()
    try:
        exif.load(block)
        values = [exif[tag] for tag in reversed(_EXIF_TEXTS) if tag in exif]
    except DECODER_ERRORS as error:
        raise _DamagedError("its EXIF block is damaged") from error
    for value in values:
        if isinstance(value, str):
            key, _, text = value.partition(":")
            if text.lstrip().startswith("{"):
                yield key, _decode(text.encode("latin-1", "replace"))


def _safetensors_texts(file: BinaryIO, length: int) -> Iterator[tuple[str, str]]:
    header = _read_exactly(file, length, MAX_TEXT_BYTES)
    try:
        yield from msgspec.json.decode(header, type=_SafetensorsHeader).texts.items()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _DamagedError("its header is damaged") from error
