"""Splits an image into brightness and colour differences, and back."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch

from engine.imaging.batch import with_channels
from engine.imaging.checks import check_image
from engine.registry.decorator import node
from engine.registry.widgets import Input, Output
from engine.types import Image

# ITU-R BT.601 with full range, as in JPEG (ITU-T T.871, section 7).
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_BLUE_SPAN, _RED_SPAN = 2 * (1 - _BLUE), 2 * (1 - _RED)
_NEUTRAL = 0.5


class Yuv(NamedTuple):
    """Outputs of ImageRGBToYUV."""

    y: Annotated[Image, Output("Y")]
    u: Annotated[Image, Output("U")]
    v: Annotated[Image, Output("V")]


@node("ImageRGBToYUV", category="image/batch")
def image_rgb_to_yuv(image: Image) -> Yuv:
    """Split an image into its brightness Y and its colour differences U (blue) and V (red).

    Each is a grey image; U and V are 0.5 where there is no colour.
    """
    red, green, blue = with_channels(check_image(image), 3).unbind(-1)
    luma = _RED * red + _GREEN * green + _BLUE * blue
    return Yuv(
        _grey(luma),
        _grey((blue - luma) / _BLUE_SPAN + _NEUTRAL),
        _grey((red - luma) / _RED_SPAN + _NEUTRAL),
    )


@node("ImageYUVToRGB", category="image/batch")
def image_yuv_to_rgb(
    y: Annotated[Image, Input(name="Y")],
    u: Annotated[Image, Input(name="U")],
    v: Annotated[Image, Input(name="V")],
) -> Image:
    """Join brightness Y and colour differences U and V into a colour image.

    Args:
        y: Brightness; of images with colours, the mean of the channels counts.
        u: Blue difference, 0.5 for none.
        v: Red difference, 0.5 for none.
    """
    luma = check_image(y, "Y").mean(dim=-1)
    blue = luma + (check_image(u, "U").mean(dim=-1) - _NEUTRAL) * _BLUE_SPAN
    red = luma + (check_image(v, "V").mean(dim=-1) - _NEUTRAL) * _RED_SPAN
    green = (luma - _RED * red - _BLUE * blue) / _GREEN
    return torch.stack((red, green, blue), dim=-1).clamp(0.0, 1.0)


def _grey(values: torch.Tensor) -> torch.Tensor:
    return values.unsqueeze(-1).repeat(1, 1, 1, 3)
