from __future__ import annotations

import torch

from engine.sampling.preview import latent_preview
from engine.training.preview import fit_preview
from engine.types import LatentFormat

MAP = torch.tensor([[0.3, 0.0, -0.1], [0.0, 0.2, 0.1], [0.1, -0.1, 0.0], [0.05, 0.1, 0.3]])
CONSTANT = torch.tensor([0.2, -0.1, 0.4])


def linear_pictures(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents, and pictures whose cells of 4×4 pixels are a linear map of them."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(count, 4, 8, 8, generator=generator)
    colours = torch.einsum("bchw,cr->bhwr", latents, MAP) + CONSTANT
    pixels = colours.repeat_interleave(4, 1).repeat_interleave(4, 2)
    return latents, pixels / 2 + 0.5


def test_a_linear_map_is_found_again() -> None:
    rows = torch.tensor(fit_preview(*linear_pictures(3)))
    torch.testing.assert_close(rows, torch.cat([MAP, CONSTANT[None]]))


def test_a_channel_that_says_nothing_gets_nothing() -> None:
    latents, pictures = linear_pictures(3)
    silent = torch.cat([latents, torch.zeros(3, 1, 8, 8)], dim=1)
    assert fit_preview(silent, pictures)[4] == (0.0, 0.0, 0.0)


def test_a_preview_has_the_colours_of_the_picture() -> None:
    latents, pictures = linear_pictures(1)
    *rows, bias = fit_preview(latents, pictures)
    preview = latent_preview(latents, LatentFormat(rgb=tuple(rows), rgb_bias=bias))
    assert preview is not None
    shown = torch.tensor([list(pixel) for pixel in preview.render().get_flattened_data()])
    wanted = (pictures[0, ::4, ::4].reshape(-1, 3).clamp(0, 1) * 255).round()
    assert float((shown - wanted).abs().max()) <= 1
