"""The model that ships: what it knows, judged without a classifier.

Pictures are drawn at seed 1, two for each prompt of the model card, and one in fewer steps for
every word. How they look is in `tests/golden/starter/contact_sheet.png`.
`tests/golden/starter/retrieval.py` says which words are missed, at any seed and number of steps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.imaging.metadata import read_metadata
from engine.models.folders import SHIPPED, ModelFolders
from engine.models.vq import VqFirstStage
from engine.text.tokenizer import tokenizer_in
from engine.training.datasets.colours import dominant_colour
from engine.types import Prediction
from engine.vq.codebook import code_usage
from engine.vq.quantize import quantize
from tests.golden.starter.retrieval import missed, nearest_names, words
from tests.golden.starter.starter import CHECKPOINT, HERE, PROMPTS, SIDE, draw, loaded

LARGEST_FILE = 16 << 20
NAMED_RATE = 0.9
"""Least share of pictures whose nearest training picture bears the prompted name."""
WORD_RATE, WORD_STEPS = 0.95, 4
"""The same for one picture of every word the model knows, drawn in few steps to be quick."""
COLOUR_RATE = 0.8
"""Least share of pictures whose main colour is the colour word of their prompt."""
HELD_OUT_PSNR = 25.0
"""Least mean over pictures that the first stage never saw, dB."""
CODE_USAGE = 0.85
"""Least share of the codebook in those pictures."""
COLOURED = ("a red apple", "a green apple", "a blue car", "a red heart", "a yellow star")
_WHITE = 240


@cache
def pictures(prompt: str) -> NDArray[np.uint8]:
    return draw(prompt, 1, batch=2)


def colour_of(picture: NDArray[np.uint8]) -> str | None:
    alpha = np.where((picture >= _WHITE).all(-1, keepdims=True), 0, 255).astype(np.uint8)
    return dominant_colour(np.concatenate([picture, alpha], axis=-1))


def held_out() -> torch.Tensor:
    strip = np.asarray(Image.open(HERE / "held_out.png").convert("RGB"))
    return torch.from_numpy(strip.reshape(-1, SIDE, SIDE, 3).astype(np.float32) / 255)


def test_it_is_small_and_in_every_installation(tmp_path: Path) -> None:
    folders = ModelFolders(tmp_path)
    folders.add("checkpoints", SHIPPED)
    assert folders.names("checkpoints") == [CHECKPOINT.name]
    assert CHECKPOINT.stat().st_size <= LARGEST_FILE
    assert {"MODEL_CARD.md", "ATTRIBUTION.md"} <= {file.name for file in SHIPPED.iterdir()}


def test_an_artists_own_file_of_that_name_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "models" / "checkpoints" / CHECKPOINT.name
    own.parent.mkdir(parents=True)
    own.write_bytes(b"x")
    folders = ModelFolders(tmp_path)
    folders.add("checkpoints", SHIPPED)
    assert folders.resolve("checkpoints", CHECKPOINT.name) == own


def test_it_is_a_latent_diffusion_model_on_tokens() -> None:
    checkpoint = loaded()
    assert checkpoint.model.prediction is Prediction.V
    assert checkpoint.model.latent_format.scale == 1.0
    assert checkpoint.model.latent_format.downscale == 4
    assert isinstance(checkpoint.vae, VqFirstStage)
    assert checkpoint.vae.codebook()["codes"].shape == (1024, 4)


def test_its_header_tells_the_size_of_its_pictures() -> None:
    assert read_metadata(CHECKPOINT)["modelspec.resolution"] == f"{SIDE}x{SIDE}"


def test_words_of_the_card_are_one_token_each() -> None:
    source = loaded().clip_network.component.source
    tokenizer = tokenizer_in(source.path, source.metadata)
    for prompt in PROMPTS:
        assert len(tokenizer.encode(prompt)) == len(prompt.split()), prompt


def test_pictures_it_never_saw_come_out_of_the_first_stage_nearly_as_they_went_in() -> None:
    images, vae = held_out(), loaded().vae
    errors = (vae.decode(vae.encode(images)) - images).square().mean((1, 2, 3))
    assert (-10 * errors.log10()).mean() > HELD_OUT_PSNR


def test_most_codes_are_used_by_pictures_it_never_saw() -> None:
    vae = loaded().vae
    assert isinstance(vae, VqFirstStage)
    codebook = vae.codebook()
    # A cell is 4 pixels wide, so shifts by less show it other pieces of the same pictures.
    images = torch.cat([held_out().roll((shift, shift), (1, 2)) for shift in range(4)])
    grid = quantize(vae.encode(images), codebook).grid
    assert code_usage(grid["tokens"], grid["size"]) >= CODE_USAGE


@pytest.mark.slow
def test_pictures_resemble_what_was_asked_for() -> None:
    named = {
        prompt: sum(prompt in nearest_names(picture) for picture in pictures(prompt))
        for prompt in PROMPTS
        if prompt != "a blue car"  # the reference is red
    }
    assert sum(named.values()) >= NAMED_RATE * 2 * len(named), named


@pytest.mark.slow
def test_every_word_draws_what_it_names() -> None:
    known = words()
    wrong = missed(known, seed=1, steps=WORD_STEPS)
    assert len(wrong) <= (1 - WORD_RATE) * len(known), wrong


@pytest.mark.slow
def test_colours_are_those_asked_for() -> None:
    found = {prompt: [colour_of(picture) for picture in pictures(prompt)] for prompt in COLOURED}
    right = sum(colours.count(prompt.split()[1]) for prompt, colours in found.items())
    assert right >= COLOUR_RATE * 2 * len(found), found


def test_the_same_seed_draws_the_same_picture_and_another_one_another() -> None:
    first = draw("a star", 5, steps=2)
    assert np.array_equal(first, draw("a star", 5, steps=2))
    assert not np.array_equal(first, draw("a star", 6, steps=2))


@pytest.mark.parametrize(
    "prompt",
    ["", "xyzzy 红苹果 🍎", "(red:1.4) apple", "word " * 60, "a red apple\n\nembedding:no"],
)
def test_any_prompt_makes_a_picture(prompt: str) -> None:
    picture = draw(prompt, 1, steps=2)
    assert picture.shape == (1, SIDE, SIDE, 3)
    assert picture.std() > 0


def test_weights_change_the_picture() -> None:
    plain, strong = (draw(text, 1, steps=2) for text in ("a red apple", "a (red:1.5) apple"))
    assert not np.array_equal(plain, strong)


def test_words_it_does_not_know_leave_those_it_knows() -> None:
    plain, more = (draw(text, 1, steps=4).astype(int) for text in ("a star", "a star, qwzx"))
    other = draw("a penguin", 1, steps=4).astype(int)
    assert np.abs(plain - more).mean() < np.abs(plain - other).mean()
