"""Inpainting and editing checkpoints from file to sampled latent, with real (tiny) networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models.library import Checkpoint, ModelLibrary
from engine.sampling.ksampler import ksampler
from engine.types import LatentDict
from nodes.conditioning.inpaint_model import inpaint_model_conditioning
from tests.checkpoints import Size, write_checkpoint

CONTEXT: list[Any] = [[torch.randn((1, 77, 32), generator=torch.Generator().manual_seed(0)), {}]]
PIXELS = torch.rand((1, 64, 64, 3), generator=torch.Generator().manual_seed(1))
LEFT = torch.zeros(1, 64, 64)
LEFT[..., :32] = 1


@pytest.fixture(scope="module")
def files(checkpoints: Path) -> Path:
    for channels in (8, 9):
        path = checkpoints / f"in{channels}.safetensors"
        write_checkpoint(path, Size(in_channels=channels), dtype=torch.float32)
    return checkpoints


def inpaint(
    checkpoint: Checkpoint, mask: torch.Tensor = LEFT, pixels: torch.Tensor = PIXELS
) -> tuple[LatentDict, LatentDict]:
    """Return the latent to start from and the sampled one."""
    positive, negative, latent = inpaint_model_conditioning(
        CONTEXT, CONTEXT, checkpoint.vae, pixels, mask
    )
    sampled = ksampler(
        checkpoint.model,
        seed=3,
        steps=2,
        cfg=2.0,
        sampler_name="euler",
        scheduler="normal",
        positive=positive,
        negative=negative,
        latent=latent,
    )
    return latent, sampled


@pytest.mark.parametrize("name", ["in9", "in8", "fp32"])
def test_every_kind_of_model_repaints_the_masked_half(
    library: ModelLibrary, files: Path, name: str
) -> None:
    latent, sampled = inpaint(library.checkpoint(f"{name}.safetensors"))

    # The unmasked cells stay; the mask's edge is bilinear.
    torch.testing.assert_close(
        sampled["samples"][..., 5:], latent["samples"][..., 5:], atol=1e-4, rtol=1e-4
    )
    assert (sampled["samples"][..., :3] - latent["samples"][..., :3]).abs().mean() > 0.1
    assert sampled["samples"].isfinite().all()


@pytest.mark.parametrize(("name", "sees"), [("in9", True), ("in8", True), ("fp32", False)])
def test_only_models_made_for_it_look_at_the_shown_picture(
    library: ModelLibrary, files: Path, name: str, sees: bool
) -> None:
    checkpoint = library.checkpoint(f"{name}.safetensors")
    shown = [torch.zeros(1, 4, 8, 8), torch.ones(1, 4, 8, 8)]

    first, second = (
        ksampler(
            checkpoint.model,
            seed=3,
            steps=1,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
            positive=[[CONTEXT[0][0], {"concat_latent_image": image, "concat_mask": LEFT[None]}]],
            negative=CONTEXT,
            latent={"samples": torch.zeros(1, 4, 8, 8)},
        )["samples"]
        for image in shown
    )

    assert torch.equal(first, second) is not sees


def test_an_inpainting_model_makes_a_whole_picture_from_an_empty_latent(
    library: ModelLibrary, files: Path
) -> None:
    sampled = ksampler(
        library.checkpoint("in9.safetensors").model,
        seed=3,
        steps=2,
        cfg=2.0,
        sampler_name="euler",
        scheduler="normal",
        positive=CONTEXT,
        negative=CONTEXT,
        latent={"samples": torch.zeros(1, 4, 8, 8)},
    )

    assert sampled["samples"].isfinite().all()
    assert sampled["samples"].std() > 0
