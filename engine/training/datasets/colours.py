"""Colour words: what a picture's main colour is called, and pictures in another hue."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HUES: Final[tuple[tuple[float, str], ...]] = (
    *((14.0, "red"), (42.0, "orange"), (68.0, "yellow"), (165.0, "green")),
    *((188.0, "cyan"), (255.0, "blue"), (290.0, "purple"), (342.0, "pink"), (360.0, "red")),
)
"""Upper end of each word's range of hues in degrees, in order round the colour circle."""

BACKGROUNDS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (222, 72, 66),
    "orange": (245, 158, 66),
    "yellow": (250, 220, 96),
    "green": (122, 198, 110),
    "blue": (96, 160, 236),
    "purple": (166, 122, 214),
    "pink": (248, 164, 200),
    "brown": (150, 108, 76),
    "gray": (160, 160, 160),
    "black": (28, 28, 32),
}
"""Backgrounds that captions name, RGB."""

_WORDS: Final = (*dict.fromkeys(word for _, word in HUES), "brown", "gray", "black", "white")
_ARTICLE: Final = re.compile(r"^(an?|some|the) ", re.IGNORECASE)
_COLOUR: Final = re.compile(rf"^(?:{'|'.join(_WORDS)}) ", re.IGNORECASE)
_OPAQUE: Final = 128
# Saturation and value below which a pixel has no hue to speak of, and share that must agree.
_GRAY: Final = 56
_DARK: Final = 64
_AGREE: Final = 0.5
_BROWN_VALUE: Final = 165
# Of the object's pixels this share must have a hue, else the object is black, white or gray.
_COLOURED: Final = 0.3


def dominant_colour(rgba: NDArray[np.uint8]) -> str | None:
    """Return the word for the colour of most of an object, or None when no word fits most of it.

    Args:
        rgba: (H, W, 4) uint8; transparent pixels do not count.
    """
    hsv = np.asarray(Image.fromarray(rgba[..., :3]).convert("HSV")).astype(np.int16)
    hue, saturation, value = (hsv[..., i][rgba[..., 3] >= _OPAQUE] for i in range(3))
    if not hue.size:
        return None
    coloured = (saturation >= _GRAY) & (value >= _DARK)
    if coloured.mean() < _COLOURED:
        return _colourless(value[~coloured])
    degrees = hue[coloured] * (360.0 / 256.0)
    ends = np.array([end for end, _ in HUES])
    names = np.array([word for _, word in HUES])[np.searchsorted(ends, degrees, side="right")]
    dull = (value[coloured] < _BROWN_VALUE) & np.isin(names, ["red", "orange", "yellow"])
    names = np.where(dull & (names != "red"), "brown", names)
    words, counts = np.unique(names, return_counts=True)
    best = int(counts.argmax())
    return str(words[best]) if counts[best] >= _AGREE * coloured.sum() else None


def _colourless(value: NDArray[np.int16]) -> str:
    middle = float(np.median(value))
    return "black" if middle < 90 else "white" if middle > 205 else "gray"


def turn_hue(rgba: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Return a picture (H, W, 4) with every hue turned round the colour circle."""
    hsv = np.asarray(Image.fromarray(rgba[..., :3]).convert("HSV")).copy()
    hsv[..., 0] += np.uint8(round(degrees * 256.0 / 360.0) % 256)  # wraps, as hues do
    rgb = np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))
    return np.concatenate([rgb, rgba[..., 3:]], axis=-1)


def with_colour(caption: str, colour: str) -> str:
    """Return a caption that names a colour instead of the one it named, if any.

    "a red apple" in green is "a green apple"; "star" in blue is "blue star".
    """
    bare = without_article(caption)
    rest = _COLOUR.sub("", bare)
    if bare == caption:
        return f"{colour} {rest}"
    plural = _ARTICLE.match(caption)
    some = plural is not None and plural.group(1).lower() == "some"
    return f"some {colour} {rest}" if some else with_article(f"{colour} {rest}")


def with_article(name: str) -> str:
    """Return "a red apple" for "red apple", judged by the first letter; an article stays."""
    if _ARTICLE.match(name):
        return name
    return f"{'an' if name[:1].lower() in set('aeiou') else 'a'} {name}"


def without_article(name: str) -> str:
    """Return a name without "a", "an", "some" or "the" before it."""
    return _ARTICLE.sub("", name)
