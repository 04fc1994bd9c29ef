"""Pictures of a run in progress, straight from the latent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from engine.types import LatentFormat, Preview

if TYPE_CHECKING:
    from collections.abc import Callable


def latent_preview(x0: Tensor, latent_format: LatentFormat) -> Preview | None:
    """Return a lazy preview of the first item of a scaled latent (B, C, h, w).

    None when the format has no preview matrix. Nothing is computed until it is rendered.
    """
    if latent_format.rgb is None:
        return None
    return Preview(_renderer(x0[0], latent_format.rgb, latent_format.rgb_bias))


def _renderer(
    latent: Tensor,
    matrix: tuple[tuple[float, float, float], ...],
    bias: tuple[float, float, float],
) -> Callable[[], Any]:
    def render() -> Any:
        from PIL import Image

        to_rgb = torch.tensor(matrix, dtype=torch.float32)
        pixels = torch.einsum("chw,cr->hwr", latent.detach().float().cpu(), to_rgb)
        pixels = pixels + torch.tensor(bias, dtype=torch.float32)
        eight_bit = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return Image.fromarray(eight_bit.numpy())

    return render
