"""What a run of a first stage shows is what the stage will do."""

from __future__ import annotations

import torch

from engine.training.data import Batch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings


def draw(count: int, generator: torch.Generator) -> Batch:
    images = torch.rand(count, 3, 16, 16, generator=generator) * 2 - 1
    return Batch(images=images, captions=("",) * count)


@torch.no_grad()
def test_reconstructions_are_quantised_once_the_codebook_counts() -> None:
    settings = AutoencoderSettings(widths=(8, 8), codes=16, quantize_from=1, norm_groups=2)
    generator = torch.Generator().manual_seed(0)
    pictures = draw(2, generator).images
    objective = AutoencoderObjective(settings, 0, pictures)
    network = objective.autoencoder
    before = objective.samples(1, lambda: None)
    objective.prepare(1, draw, generator, lambda: None)
    after = objective.samples(2, lambda: None)
    code = network.encode(pictures).latents
    for shown, decoded in (
        (before, network.decode(code, force_not_quantize=True).sample),
        (after, network.decode(code).sample),
    ):
        assert shown is not None
        assert torch.equal(shown[:2], (pictures / 2 + 0.5).movedim(1, -1))
        expected = (decoded / 2 + 0.5).clamp(0, 1).movedim(1, -1)
        torch.testing.assert_close(shown[2:], expected, atol=1e-5, rtol=0)
    assert not torch.allclose(before[2:], after[2:], atol=1e-3)  # type: ignore[index]
