"""What chance may do to a picture: mirror, move, scale, turn the hue, put on a background."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.training.datasets.colours import (
    BACKGROUNDS,
    HUES,
    dominant_colour,
    turn_hue,
    with_article,
    with_colour,
)

_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
# Hues are turned by whole steps of this many degrees.
_HUE_STEP: Final = 30
_LIGHTEST_GRAY: Final = 236


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are probabilities in [0, 1].

    Attributes:
        flip: Mirrored left to right.
        move: Shifted, scaled and cut as the next three say; otherwise it stays as it is.
        shift: Moved by up to this part of the side, each way.
        scale: Smallest size of the picture within its square; 1 leaves it as large as it is.
        crop: Cut a square of at least this part of the side instead of showing all; 1 never cuts.
        recolour: Hue turned at random; the caption then names the colour that most of it has.
        recoloured: Only captions that contain one of these words; empty for all.
        background: On a coloured background, which the caption then names; only where the
            picture is transparent. Otherwise the background is white or a very light gray.
    """

    flip: _Share = 0.0
    move: _Share = 1.0
    shift: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)] = 0.0
    scale: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    crop: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    recolour: _Share = 0.0
    recoloured: tuple[str, ...] = ()
    background: _Share = 0.0

    def phrases(self) -> Iterator[str]:
        """List the words that captions may gain."""
        if self.background:
            yield from (on_background("", colour).strip() for colour in BACKGROUNDS)
        if self.recolour:
            yield from (with_colour("a thing", word) for _, word in HUES)


NO_VARIATION: Final = Variation()


class Vary:
    """Draws variations of pictures from a generator."""

    def __init__(self, variation: Variation, generator: torch.Generator) -> None:
        self._variation = variation
        self._generator = generator

    def __call__(
        self, rgba: NDArray[np.uint8], captions: tuple[str, ...]
    ) -> tuple[NDArray[np.uint8], str]:
        """Return one variation (S, S, 3) uint8 of a picture (S, S, 4), and its caption."""
        caption = captions[self._below(len(captions))] if captions else ""
        if self._chance(self._variation.recolour) and self._may_recolour(caption):
            rgba, caption = self._recolour(rgba, caption)
        if self._chance(self._variation.flip):
            rgba = rgba[:, ::-1]
        if self._chance(self._variation.move):
            rgba = self._placed(rgba)
        return self._on_background(rgba, caption)

    def _may_recolour(self, caption: str) -> bool:
        wanted = self._variation.recoloured
        words = set(re.findall(r"[\w-]+", caption.casefold()))
        return not wanted or any(word.casefold() in words for word in wanted)

    def _recolour(self, rgba: NDArray[np.uint8], caption: str) -> tuple[NDArray[np.uint8], str]:
        degrees = _HUE_STEP * self._below(360 // _HUE_STEP)
        turned = turn_hue(rgba, degrees)
        colour = dominant_colour(turned)
        return (rgba, caption) if colour is None else (turned, with_colour(caption, colour))

    def _placed(self, rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut, scale and move a picture within its square; what comes free is transparent."""
        side = rgba.shape[0]
        cut = side * self._between(self._variation.crop, 1.0)
        left, top = ((side - cut) * self._between(0.0, 1.0) for _ in range(2))
        size = self._between(self._variation.scale, 1.0)
        reach = self._variation.shift * side
        x, y = ((side - side * size) / 2 + self._between(-reach, reach) for _ in range(2))
        if (cut, size, x, y) == (side, 1.0, 0.0, 0.0):
            return rgba
        # Output pixel -> source pixel: first back from the placed square, then into the cut.
        zoom = cut / (side * size)
        matrix = (zoom, 0.0, left - x * zoom, 0.0, zoom, top - y * zoom)
        picture = Image.fromarray(np.ascontiguousarray(rgba), "RGBA")
        moved = picture.transform(
            (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )
        return np.asarray(moved)

    def _on_background(
        self, rgba: NDArray[np.uint8], caption: str
    ) -> tuple[NDArray[np.uint8], str]:
        alpha = rgba[..., 3:].astype(np.float32) / 255.0
        transparent = bool((rgba[..., 3] < 255).any())
        light = 255 if self._below(2) else _LIGHTEST_GRAY + self._below(256 - _LIGHTEST_GRAY)
        colour: tuple[int, int, int] = (light, light, light)
        if self._chance(self._variation.background) and transparent:
            name = list(BACKGROUNDS)[self._below(len(BACKGROUNDS))]
            colour, caption = BACKGROUNDS[name], on_background(caption, name)
        mixed = rgba[..., :3] * alpha + np.array(colour, np.float32) * (1.0 - alpha)
        return np.rint(mixed).astype(np.uint8), caption

    def _chance(self, share: float) -> bool:
        return self._between(0.0, 1.0) < share

    def _between(self, low: float, high: float) -> float:
        drawn = torch.rand((), generator=self._generator, dtype=torch.float64).item()
        return low + (high - low) * drawn

    def _below(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self._generator).item())


def on_background(caption: str, colour: str) -> str:
    """Return a caption that names the background's colour as well."""
    return f"{caption} on {with_article(colour)} background"
