"""What training writes is what the model readers read: same networks, same outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models.families import sd1
from engine.models.families.config import FileConfig
from engine.models.reading import WeightFile
from engine.models.residency import Residency
from engine.text.tokenizer import ClipTokenizer, tokenizer_in
from engine.training.ldm_layout import (
    checkpoint_bytes,
    first_stage_tensors,
    text_tensors,
    unet_tensors,
)
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.objectives.diffusion import DiffusionObjective, DiffusionSettings
from engine.types import Prediction

MERGES = [("r", "e"), ("re", "d</w>")]
SMALL = AutoencoderSettings(widths=(8, 16, 16), codes=32)


@pytest.fixture
def residency() -> Residency:
    return Residency(torch.device("cpu"))


def write(path: Path, networks: list[dict[str, torch.Tensor]], **config: Any) -> WeightFile:
    content = checkpoint_bytes(
        networks, config=FileConfig(**config), merges=MERGES, dtype=torch.float32
    )
    path.write_bytes(content)
    return WeightFile(path)


@pytest.mark.parametrize(
    ("widths", "blocks", "attention"),
    [
        ((32, 64, 96), 1, (False, True, True)),
        ((32, 64), 2, (True, False)),
        ((32, 32, 64), 2, (False, False, True)),
    ],
)
def test_a_unet_and_its_text_encoder_come_back_as_they_were(
    tmp_path: Path,
    residency: Residency,
    widths: tuple[int, ...],
    blocks: int,
    attention: tuple[bool, ...],
) -> None:
    settings = DiffusionSettings(
        widths=widths, blocks=blocks, attention=attention, text_width=16, text_heads=2, tokens=8
    )
    trained = DiffusionObjective(settings, ClipTokenizer.from_merges(MERGES), 4, seed=1)
    source = write(
        tmp_path / "m.safetensors",
        [unet_tensors(trained.unet), text_tensors(trained.text)],
        unet_heads=4,
        clip_heads=2,
        clip_tokens=8,
        prediction="v_prediction",
    )
    model = sd1.diffusion_model(source, "m", residency)
    text = sd1.text_network(source, "m", residency)
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(2, 4, 8, 8, generator=generator)
    timestep = torch.tensor([3.0, 900.0])
    with torch.no_grad():
        context = trained.context(["red", "a cat"])
        wanted = trained.predict(x, timestep, context)
        with model.loaded((2, 4, 8, 8)) as network:
            read = network(x, timestep, context, {})
        with text.loaded() as forward:
            rows = torch.tensor([trained._row(caption) for caption in ("red", "a cat")])
            ends = torch.tensor([2, 5])
            read_context, _ = forward(forward.token_embeddings(rows), ends, -1)
    assert model.prediction is Prediction.V
    assert tokenizer_in(source.path, source.metadata).encode("red") == trained.tokenizer.encode(
        "red"
    )
    torch.testing.assert_close(read, wanted, atol=1e-5, rtol=1e-4)  # another memory layout
    torch.testing.assert_close(read_context, context)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("regulariser", ["kl", "vq"])
def test_a_first_stage_comes_back_as_it_was(
    tmp_path: Path, residency: Residency, regulariser: Any, attention: bool
) -> None:
    settings = AutoencoderSettings(
        regulariser=regulariser, widths=(8, 16, 16), codes=32, attention=attention
    )
    network: Any = AutoencoderObjective(settings, seed=1, shown=None).autoencoder.eval()
    source = write(tmp_path / "m.safetensors", [first_stage_tensors(network)])
    stage = sd1.autoencoder(source, "m", residency)
    image = torch.rand(1, 16, 16, 3, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        encoded = network.encode(image.movedim(-1, 1) * 2 - 1)
        wanted = encoded.latents if regulariser == "vq" else encoded.latent_dist.mode()
        pictures = network.decode(wanted).sample.movedim(1, -1) / 2 + 0.5
    torch.testing.assert_close(stage.encode(image), wanted, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(stage.decode(wanted), pictures.clamp(0, 1), atol=1e-5, rtol=1e-4)


def test_weights_are_halved_in_size_unless_asked_otherwise() -> None:
    network = AutoencoderObjective(SMALL, seed=0, shown=None).autoencoder
    tensors = [first_stage_tensors(network)]
    half = checkpoint_bytes(tensors, config=FileConfig())
    full = checkpoint_bytes(tensors, config=FileConfig(), dtype=torch.float32)
    assert 0.45 < len(half) / len(full) < 0.6
