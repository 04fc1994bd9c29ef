"""The VQ examples, and the default workflow on a model with a VQ first stage, from file to file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from safetensors.torch import load_file

from tests.e2e.examples import run_example, write_checkpoint

STARTER = "tessera_starter.safetensors"

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # each run imports torch and diffusers


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base directory with a tiny checkpoint shaped as the starter."""
    base = tmp_path_factory.mktemp("base")
    write_checkpoint(base / "models" / "checkpoints" / STARTER, "tiny-vq")
    return base


def run(base: Path, workflow: str, out: Path, *settings: str) -> dict[str, npt.NDArray[np.uint8]]:
    """Run an example; return its pictures by the start of their names."""
    run_example(base, workflow, out, *settings)
    pictures = {}
    for path in out.glob("*.png"):
        with Image.open(path) as image:
            pictures[path.name.rsplit("_", 2)[0]] = np.asarray(image.convert("RGB"))
    return pictures


def test_a_round_trip_shows_picture_return_and_tokens(base: Path, tmp_path: Path) -> None:
    found = run(base, "vq_round_trip.json", tmp_path, "6.steps=2")
    (picture,) = found.values()
    assert picture.shape == (256, 768, 3)
    before, after, tokens = np.split(picture, 3, axis=1)
    assert not np.array_equal(before, after)
    squares = tokens.reshape(16, 16, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(256, 256, 3)
    assert (squares == squares[:, :1]).all(), "a square of 16 pixels for each of 16 by 16 tokens"
    assert len(np.unique(squares[:, 0], axis=0)) > 20


def test_token_art_mixes_two_pictures(base: Path, tmp_path: Path) -> None:
    found = run(base, "token_art.json", tmp_path, "6.steps=2", "9.steps=2")
    assert {name: picture.shape for name, picture in found.items()} == {
        "token_art": (256, 1280, 3), "token_map": (256, 256, 3), "codebook": (861, 861, 3),
    }  # fmt: skip
    panels = np.split(found["token_art"].astype(np.float64), 5, axis=1)
    first, second, mixed, noisy, between = panels
    for half, ours, others in ((np.s_[:, :112], first, second), (np.s_[:, 144:], second, first)):
        # Not equal: group norms look at the whole picture.
        apart = np.abs(mixed[half] - ours[half]).mean()
        assert apart < np.abs(mixed[half] - others[half]).mean() / 3
    assert not np.array_equal(noisy, mixed)
    assert not any(np.array_equal(between, other) for other in (first, second, mixed))


def test_the_default_workflow_runs_on_a_vq_first_stage(base: Path, tmp_path: Path) -> None:
    settings = (f"4.ckpt_name={STARTER}", "5.width=64", "5.height=64", "3.steps=2")
    (picture,) = run(base, "text_to_image.json", tmp_path, *settings).values()
    assert picture.shape == (64, 64, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


@pytest.mark.timeout(600)  # it imports all that training needs, on a busy machine too
def test_a_vqgan_is_trained_on_a_folder_and_kept(base: Path, tmp_path: Path) -> None:
    folder = base / "input" / "my_pictures"
    folder.mkdir(parents=True)
    for number in range(6):
        colour = (40 * number, 255 - 40 * number, 128)
        Image.new("RGB", (24 + number, 32), colour).save(folder / f"{number}.png")
    few = ("1.size=32", "3.steps=8", "3.sample_every=4", "3.report_every=2", "4.widths=8, 8",
           "4.codes=16", "4.quantize_from=2", "4.crop=16", "4.crop_until=4",
           "4.adversary_from=5")  # fmt: skip
    found = run(base, "train/vqgan_on_a_folder.json", tmp_path, *few)
    assert found["vqgan_round_trip"].shape == (32, 64, 3)
    assert found["vqgan_codebook"].shape == (4 * 5 - 1, 4 * 5 - 1, 3)
    assert found["vqgan_progress"].size > 0
    stored = load_file(tmp_path / "vae" / "vqgan_00001_.safetensors")
    assert stored["quantize.embedding.weight"].shape == (16, 4)
    assert all(bool(weight.isfinite().all()) for weight in stored.values())
