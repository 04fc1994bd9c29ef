"""Pictures of sampling in progress."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from engine.sampling.preview import latent_preview
from engine.types import LatentFormat
from tests.golden.starter.starter import HERE, SIDE, loaded

STARTER_PSNR = 20.0
"""Least likeness of the starter's previews to the pictures, made as small as they are, in dB."""


def test_a_preview_is_computed_only_when_it_is_drawn() -> None:
    latent = torch.zeros(1, 2, 4, 6)
    preview = latent_preview(latent, LatentFormat(channels=2, rgb=((1.0, 0.0, 0.0), (0, 1.0, 0))))
    assert preview is not None
    latent[:, 0], latent[:, 1] = 1.0, -1.0
    picture = preview.render()
    assert picture.size == (6, 4)
    assert picture.getpixel((0, 0)) == (255, 0, 128)


def test_latents_without_known_colours_have_no_preview() -> None:
    assert latent_preview(torch.zeros(1, 2, 4, 4), LatentFormat(channels=2, rgb=None)) is None


def test_previews_of_the_starter_look_like_its_pictures() -> None:
    checkpoint = loaded()
    latent_format = checkpoint.model.latent_format
    strip = np.asarray(Image.open(HERE / "held_out.png").convert("RGB"), dtype=np.float32)
    images = torch.from_numpy(strip.reshape(-1, SIDE, SIDE, 3) / 255)
    latents = checkpoint.vae.encode(images) * latent_format.scale
    small = functional.avg_pool2d(images.movedim(-1, 1), latent_format.downscale).movedim(1, -1)
    previews = [latent_preview(latent[None], latent_format) for latent in latents]
    drawn = np.stack([np.asarray(preview.render()) for preview in previews if preview is not None])
    assert len(drawn) == len(images)
    error = float(np.square(drawn / 255 - small.numpy()).mean())
    assert -10 * np.log10(error) > STARTER_PSNR
