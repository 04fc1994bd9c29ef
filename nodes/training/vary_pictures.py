"""How pictures vary from one time they are drawn to the next."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec
import torch

from engine.registry.decorator import node
from engine.registry.widgets import Number, Text
from engine.training.data import Pictures
from engine.training.datasets.pictures import Varied
from engine.types import Image

Share = Annotated[float, Number(0.0, 1.0, step=0.01)]


class SplitDataset(NamedTuple):
    """Two parts of a data set."""

    pictures: Pictures
    held_out: Pictures


class Samples(NamedTuple):
    """Pictures as training sees them."""

    images: Image
    captions: str


@node("VaryPictures", category="training/data", title="Vary Pictures: Flip, Move, Crop")
def vary_pictures(
    pictures: Varied,
    flip: Share = 0.5,
    move: Share = 1.0,
    shift: Annotated[float, Number(0.0, 0.5, step=0.01)] = 0.0,
    scale: Annotated[float, Number(0.05, 1.0, step=0.01)] = 1.0,
    crop: Annotated[float, Number(0.05, 1.0, step=0.01)] = 1.0,
) -> Pictures:
    """Mirror, move, shrink and cut pictures at random each time they are drawn.

    Args:
        flip: Share of pictures that are mirrored left to right.
        move: Share of pictures that the next three apply to.
        shift: Moves up to this part of the side.
        scale: Shrinks to this part of the square at the least; 1 does not shrink.
        crop: Cuts out a square of at least this part of the side; 1 shows the whole picture.
    """
    variation = msgspec.structs.replace(
        pictures.variation, flip=flip, move=move, shift=shift, scale=scale, crop=crop
    )
    return pictures.varied(variation)


@node("CaptionedBackgrounds", category="training/data", title="Captioned Backgrounds")
def captioned_backgrounds(pictures: Varied, share: Share = 0.3) -> Pictures:
    """Put transparent pictures on coloured backgrounds that their captions name.

    "a cat" becomes "a cat on a blue background". The others lie on white or a very light gray.

    Args:
        share: Share of pictures on a coloured background.
    """
    return pictures.varied(msgspec.structs.replace(pictures.variation, background=share))


@node("RecolourPictures", category="training/data", title="Recolour Pictures")
def recolour_pictures(
    pictures: Varied,
    share: Share = 0.3,
    words: Annotated[str, Text(placeholder="car, star, balloon")] = "",
) -> Pictures:
    """Turn the hue of pictures at random, and name the colour most of them then has.

    "a red car" becomes "a blue car". Pictures without one main colour stay as they are.

    Args:
        share: Share of pictures whose hue is turned.
        words: Only pictures whose caption contains one of these words; empty for all.
    """
    chosen = tuple(word.strip() for word in words.split(",") if word.strip())
    variation = msgspec.structs.replace(pictures.variation, recolour=share, recoloured=chosen)
    return pictures.varied(variation)


@node("SplitPictures", category="training/data", title="Hold Out Pictures")
def split_pictures(
    pictures: Varied,
    share: Annotated[float, Number(0.01, 0.99, step=0.01)] = 0.1,
    seed: Annotated[int, Number(0, 2**63 - 1)] = 0,
) -> SplitDataset:
    """Hold out a random part of the pictures, to measure on what training has not seen.

    The part that is held out is drawn without variations.

    Args:
        share: Part that is held out.
        seed: Decides which.
    """
    return SplitDataset(*pictures.split(share, seed))


@node("DatasetSamples", category="training/data", title="Look at a Data Set")
def dataset_samples(
    pictures: Pictures,
    count: Annotated[int, Number(1, 256)] = 16,
    seed: Annotated[int, Number(0, 2**63 - 1)] = 0,
) -> Samples:
    """Show pictures with their captions as training would see them.

    Args:
        count: How many to draw.
        seed: Decides which, and how they vary.
    """
    generator = torch.Generator().manual_seed(seed)
    indices = torch.randint(len(pictures), (count,), generator=generator).tolist()
    batch = pictures.draw(indices, generator)
    images = ((batch.images + 1.0) / 2.0).permute(0, 2, 3, 1).contiguous()
    return Samples(images, "\n".join(batch.captions))
