"""Takes transparency out of an image, puts it in, and composites with it. Mask = 1 - alpha."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch

from engine.imaging.batch import repeat_to_batch, with_channels
from engine.imaging.blending import Layer, porter_duff
from engine.imaging.checks import check_image, check_mask
from engine.imaging.resize import resize_image, resize_mask
from engine.registry.decorator import node
from engine.types import Image, Mask

_CLEAR = 1e-5  # below this alpha a pixel has no colour to speak of


class ImageAndMask(NamedTuple):
    """Outputs of the nodes that return transparency beside an image."""

    image: Image
    mask: Mask


@node("SplitImageWithAlpha", title="Split Image with Alpha", category="mask/compositing")
def split_image_with_alpha(image: Image) -> ImageAndMask:
    """Split an image into its colours and a mask that is 1 where it is transparent."""
    rgba = with_channels(check_image(image), 4)
    return ImageAndMask(rgba[..., :3], 1.0 - rgba[..., 3])


@node("JoinImageWithAlpha", title="Join Image with Alpha", category="mask/compositing")
def join_image_with_alpha(image: Image, alpha: Mask) -> Image:
    """Make an image transparent where a mask is 1.

    Args:
        alpha: 1 = transparent; it is stretched to the image's size.
    """
    batch, height, width = check_image(image).shape[:3]
    mask = repeat_to_batch(resize_mask(check_mask(alpha, "alpha"), width, height), batch)
    return torch.cat((with_channels(image, 3), 1.0 - mask.unsqueeze(-1)), dim=-1)


@node("PorterDuffImageComposite", title="Porter-Duff Image Composite", category="mask/compositing")
def porter_duff_image_composite(
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    mode: Literal[
        "ADD",
        "CLEAR",
        "DARKEN",
        "DST",
        "DST_ATOP",
        "DST_IN",
        "DST_OUT",
        "DST_OVER",
        "LIGHTEN",
        "MULTIPLY",
        "OVERLAY",
        "SCREEN",
        "SRC",
        "SRC_ATOP",
        "SRC_IN",
        "SRC_OUT",
        "SRC_OVER",
        "XOR",
    ] = "DST",
) -> ImageAndMask:
    """Composite two images with transparency.

    Args:
        source: The upper layer, brought to the size of the lower one.
        source_alpha: Its mask, 1 = transparent.
        destination: The lower layer.
        destination_alpha: Its mask, 1 = transparent.
        mode: SRC_OVER lays the source over the destination; the others follow Porter and Duff.
    """
    batch, height, width = check_image(destination, "destination").shape[:3]
    upper = resize_image(check_image(source, "source"), width, height, "bicubic", "center")
    source_alpha = check_mask(source_alpha, "source_alpha")
    upper_mask = resize_mask(source_alpha, width, height, "center")
    lower_mask = resize_mask(check_mask(destination_alpha, "destination_alpha"), width, height)
    result = porter_duff(
        _layer(upper, upper_mask, batch), _layer(destination, lower_mask, batch), mode
    )
    colour = torch.where(
        result.alpha > _CLEAR, result.colour / result.alpha, torch.zeros_like(result.colour)
    )
    return ImageAndMask(colour.clamp(0.0, 1.0), (1.0 - result.alpha).squeeze(-1).clamp(0.0, 1.0))


def _layer(image: torch.Tensor, mask: torch.Tensor, batch: int) -> Layer:
    alpha = 1.0 - repeat_to_batch(mask, batch).unsqueeze(-1)
    return Layer(with_channels(repeat_to_batch(image, batch), 3) * alpha, alpha)
