"""VQRoundTrip."""

from __future__ import annotations

from typing import NamedTuple

import torch

from engine.imaging.checks import check_image
from engine.imaging.quality import psnr, ssim
from engine.registry.decorator import node
from engine.types import Image, NodeResult, Tokens, Ui, VqModel
from engine.vq.codebook import code_usage
from engine.vq.quantize import look_up, quantize


class RoundTrip(NamedTuple):
    """What came back, the tokens on the way, and two measures against the picture that went in."""

    image: Image
    tokens: Tokens
    psnr: float
    ssim: float


@node("VQRoundTrip", category="vq", title="VQ Round Trip")
def vq_round_trip(vq_model: VqModel, image: Image) -> RoundTrip | NodeResult:
    """Turn pictures into tokens and back, and measure what is lost.

    PSNR is in dB: above 30 the difference is hard to see, below 20 it is plain. SSIM is 1 for the
    same structures and 0 for none. Of a batch both are means.

    Args:
        image: The pictures, of at least 11 pixels; cropped around the centre to multiples of the
            model's cell.
    """
    codebook = vq_model.codebook()
    grid = quantize(vq_model.encode(check_image(image)), codebook).grid
    result = vq_model.decode_codes(look_up(grid, codebook))
    original = _centre(image, result)
    decibels, similarity = psnr(original, result), ssim(original, result)
    lines = [
        f"PSNR {float(db):.2f} dB, SSIM {float(same):.3f}"
        for db, same in zip(decibels, similarity, strict=True)
    ]
    lines.append(f"{code_usage(grid['tokens'], grid['size']):.1%} of {grid['size']} codes used")
    values = RoundTrip(result, grid, float(decibels.mean()), float(similarity.mean()))
    return NodeResult(values, Ui(text=["\n".join(lines)]))


def _centre(image: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return what the encoder saw of a picture."""
    (height, width), (rows, columns) = image.shape[1:3], like.shape[1:3]
    top, left = (height - rows) // 2, (width - columns) // 2
    return image[:, top : top + rows, left : left + columns, : like.shape[-1]]
