"""InpaintModelConditioning with a VAE that only averages cells."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from engine.registry.spec import Folders
from engine.types import Vae
from nodes.conditioning.inpaint_model import InpaintOutputs, inpaint_model_conditioning


class AveragingVae:
    """Latent = mean colour of each 8 x 8 cell."""

    downscale, latent_channels = 8, 3

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        assert image.shape[1] % 8 == image.shape[2] % 8 == 0
        return torch.nn.functional.avg_pool2d(image.movedim(-1, 1), 8)


def run(pixels: torch.Tensor, mask: torch.Tensor, noise_mask: bool = True) -> InpaintOutputs:
    positive, negative = [[torch.ones(1, 4, 3), {"mark": 1}]], [[torch.zeros(1, 4, 3), {}]]
    vae = cast("Vae", AveragingVae())
    return inpaint_model_conditioning(positive, negative, vae, pixels, mask, noise_mask)


def test_both_prompts_carry_the_blanked_picture_and_the_mask() -> None:
    mask = torch.zeros(1, 16, 24)
    mask[:, :, :8] = 1
    positive, negative, latent = run(torch.full((1, 16, 24, 3), 0.8), mask)
    for conditioning in (positive, negative):
        ((_, extra),) = conditioning
        assert torch.equal(extra["concat_mask"], mask[:, None])
        blanked = extra["concat_latent_image"][0, 0].tolist()
        assert blanked == [pytest.approx([0.5, 0.8, 0.8])] * 2
    assert positive[0][1]["mark"] == 1
    torch.testing.assert_close(latent["samples"], torch.full((1, 3, 2, 3), 0.8))
    assert torch.equal(latent["noise_mask"], mask[:, None])


def test_without_noise_mask_the_whole_latent_is_sampled() -> None:
    *_, latent = run(torch.rand(1, 16, 16, 3), torch.ones(16, 16), noise_mask=False)
    assert list(latent) == ["samples"]


def test_odd_sizes_are_cropped_at_the_centre_and_masks_scaled() -> None:
    pixels = torch.zeros(1, 20, 19, 4)
    pixels[:, 2:18, 1:17] = 1
    before = pixels.clone()
    positive, _, latent = run(pixels, torch.ones(5, 5))
    assert torch.equal(latent["samples"], torch.ones(1, 3, 2, 2))
    assert positive[0][1]["concat_mask"].shape == (1, 1, 16, 16)
    assert torch.equal(pixels, before)


def test_inputs_and_outputs_are_those_of_the_contract() -> None:
    spec: Any = inpaint_model_conditioning.__node__  # type: ignore[attr-defined]
    declared = spec.input_types(cast("Folders", None))
    found = [(name, wire) for name, (wire, _) in declared["required"].items()]
    assert found == [
        ("positive", "CONDITIONING"),
        ("negative", "CONDITIONING"),
        ("vae", "VAE"),
        ("pixels", "IMAGE"),
        ("mask", "MASK"),
        ("noise_mask", "BOOLEAN"),
    ]
    assert declared["required"]["noise_mask"][1]["default"] is True
    assert [slot.name for slot in spec.outputs] == ["positive", "negative", "latent"]
    assert spec.category == "conditioning/inpaint"
