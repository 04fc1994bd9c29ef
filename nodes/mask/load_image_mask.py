"""Loads one channel of a picture file as a mask."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from engine.imaging.reading import EXTENSIONS, alpha_to_mask, read_pictures
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Mask
from nodes.image.load_image import names_a_file
from nodes.image.result_files import folders

_COLOURS = ("red", "green", "blue")


@node("LoadImageMask", title="Load Image (as Mask)", category="mask", validate=names_a_file)
def load_image_mask(
    image: Annotated[str, FileChoice("input", EXTENSIONS, upload="image_upload")],
    channel: Literal["alpha", "red", "green", "blue"],
    context: NodeContext,
) -> Mask:
    """Load one channel of a picture from the input folder as a mask.

    Args:
        image: File in the input folder.
        channel: A colour is taken as it is; "alpha" gives 1 where the picture is transparent,
            and an empty mask of 64 x 64 pixels when it has no transparency.
    """
    pictures = read_pictures(folders(context).resolve("input", image))
    mask: torch.Tensor = (
        alpha_to_mask(pictures)
        if channel == "alpha"
        else pictures.image[..., _COLOURS.index(channel)].clone()
    )
    return mask
