"""Prompt and workflow as the texts that go into saved files, in each container's own place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import InvalidValueError

EXIF_PROMPT = 0x0110  # "Model"
EXIF_FIRST_EXTRA = 0x010F  # "Make"; further texts take the numbers below


def metadata_texts(prompt: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, str]:
    """Return JSON texts by key: "prompt" unless it is empty, then every key of `extra`.

    The JSON is ASCII (other characters are escaped), so it fits every container.

    Raises: InvalidValueError, when a value is no JSON or a key does not fit a PNG keyword.
    """
    values = {"prompt": prompt} if prompt else {}
    texts = {}
    for key, value in {**values, **extra}.items():
        if not (key.isascii() and key.isprintable() and 1 <= len(key) <= 79):
            raise InvalidValueError("extra_pnginfo", key, "keys of 1 to 79 ASCII characters")
        try:
            texts[key] = json.dumps(value, default=_plain)
        except (TypeError, ValueError) as error:
            raise InvalidValueError(f'metadata "{key}"', str(error), "JSON values") from error
    return texts


def _plain(value: object) -> Any:
    """Let read-only mappings, as frozen graphs hold, pass as JSON objects."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def png_info(texts: Mapping[str, str]) -> PngInfo:
    """Return one tEXt chunk per text."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return info


def animated_png_info(texts: Mapping[str, str]) -> PngInfo:
    """Return one private `comf` chunk per text, after the pixels: key, NUL, text."""
    info = PngInfo()
    for key, text in texts.items():
        info.add(b"comf", f"{key}\0{text}".encode("latin-1"), after_idat=True)
    return info


def exif_block(texts: Mapping[str, str]) -> bytes:
    """Return EXIF with `key:text` entries: prompt at 0x0110, the others from 0x010F down."""
    exif = Image.Exif()
    others = [key for key in texts if key not in ("prompt", "workflow")]
    order = [key for key in ("workflow",) if key in texts] + others
    if "prompt" in texts:
        exif[EXIF_PROMPT] = f"prompt:{texts['prompt']}"
    for offset, key in enumerate(order):
        exif[EXIF_FIRST_EXTRA - offset] = f"{key}:{texts[key]}"
    return exif.tobytes()
