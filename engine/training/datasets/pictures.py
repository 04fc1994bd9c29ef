"""A data set of pictures in memory, drawn with variations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import InvalidValueError
from engine.training.data import Batch
from engine.training.datasets.variation import NO_VARIATION, Variation, Vary
from engine.types import Socket


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        name: Where it comes from, for messages.
        rgba: (S, S, 4) uint8, colour not multiplied by alpha.
        captions: What may be said of it; one is drawn at a time. Empty: no caption.
    """

    name: str
    rgba: NDArray[np.uint8]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class VariedPictures:
    """Pictures of one size with captions, varied anew each time they are drawn.

    Attributes:
        pictures: At least one, all of `size`.
        size: Width and height in pixels.
        variation: What is left to chance.
    """

    pictures: tuple[Picture, ...]
    size: int
    variation: Variation = NO_VARIATION
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Raises: InvalidValueError, when there is no picture."""
        if not self.pictures:
            raise InvalidValueError("data set", "no picture", "at least one picture")
        digest = hashlib.blake2b(msgspec.json.encode(self.variation), digest_size=16)
        for picture in self.pictures:
            digest.update(msgspec.json.encode((picture.name, picture.captions)))
            digest.update(np.ascontiguousarray(picture.rgba).data)
        object.__setattr__(self, "fingerprint", digest.hexdigest())

    def __len__(self) -> int:
        return len(self.pictures)

    def varied(self, variation: Variation) -> VariedPictures:
        """Return the same pictures with other variations."""
        return replace(self, variation=variation)

    def split(self, share: float, seed: int) -> tuple[VariedPictures, VariedPictures]:
        """Return the pictures without a random share of them, and that share without variations.

        Args:
            share: Held out, in (0, 1); at least one picture is on either side.

        Raises: InvalidValueError, when there is only one picture.
        """
        count = len(self.pictures)
        if count < 2:
            raise InvalidValueError(
                "data set to split", f"{count} picture", "at least two pictures"
            )
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
        held = set(order[: min(max(1, round(share * count)), count - 1)])
        kept = tuple(picture for i, picture in enumerate(self.pictures) if i not in held)
        out = tuple(picture for i, picture in enumerate(self.pictures) if i in held)
        return replace(self, pictures=kept), VariedPictures(out, self.size)

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        """See `PictureDataset.draw`."""
        vary = Vary(self.variation, generator)
        drawn = [vary(self.pictures[i].rgba, self.pictures[i].captions) for i in indices]
        images = np.stack([rgb for rgb, _ in drawn]).transpose(0, 3, 1, 2)
        pixels = torch.from_numpy(np.ascontiguousarray(images)).to(torch.float32)
        return Batch(pixels / 127.5 - 1.0, tuple(caption for _, caption in drawn))

    def captions(self) -> Iterator[str]:
        """List every caption as written, and the words variations add."""
        for picture in self.pictures:
            yield from picture.captions
        yield from self.variation.phrases()


Varied: TypeAlias = Annotated[VariedPictures, Socket("PICTURE_DATASET")]
"""For signatures of nodes that change how pictures are drawn."""
