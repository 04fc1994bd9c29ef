"""The starter's workflows from file to file: on the model that ships, and training one anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.e2e.examples import run_example
from tests.training.icon_package import icon_package, keyword_package

SIDE = 64

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # each run imports torch and diffusers


def halves(out: Path) -> list[NDArray[np.int16]]:
    """Return the picture before and after, as the examples stitch them."""
    (path,) = out.glob("*.png")
    with Image.open(path) as picture:
        assert picture.size == (2 * SIDE, SIDE)
        return np.split(np.asarray(picture.convert("RGB"), np.int16), 2, axis=1)


def test_a_fresh_installation_draws_a_red_apple(tmp_path: Path) -> None:
    run_example(tmp_path / "base", "text_to_image.json", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("*.png")
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.int16)
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 110) & (pixels[..., 2] < 110)
    assert pixels.shape == (SIDE, SIDE, 3)
    assert red.mean() > 0.15


def test_image_to_image_keeps_the_place_and_changes_the_apple(tmp_path: Path) -> None:
    run_example(tmp_path / "base", "image_to_image.json", tmp_path / "out")
    before, after = halves(tmp_path / "out")
    assert np.abs(before - after).max() > 60
    assert np.abs(before[:4] - after[:4]).mean() < 30, "the background stays"


def test_inpainting_leaves_what_is_not_masked(tmp_path: Path) -> None:
    run_example(tmp_path / "base", "inpaint.json", tmp_path / "out", "3.steps=8", "16.steps=8")
    before, after = halves(tmp_path / "out")
    changed = np.abs(before - after).mean(axis=(1, 2))
    # The decoder looks a few pixels over the edge of the mask.
    assert changed[:24].mean() > 4 * changed[44:].mean()


def test_a_starter_is_trained_from_nothing_and_then_draws(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "input").mkdir(parents=True)
    icon_package(base / "input" / "icons.tgz")
    keyword_package(base / "input" / "words.tgz")
    shown = run_example(
        base, "train/starter.json", tmp_path / "out",
        "1.icon_set=icons.tgz", "1.size=16", "2.share=0.3",
        "6.steps=6", "6.batch=2", "6.sample_every=3",
        "7.codes=8", "7.quantize_from=2", "7.crop=8", "7.crop_until=4",
        "8.icon_set=icons.tgz", "8.keywords=words.tgz", "8.size=16", "8.concepts=red-ball",
        "12.variants=3", "13.steps=4", "13.batch=2", "13.sample_every=2",
        "14.widths=16, 16", "14.text_width=32", "14.prompts=a red ball", "18.count=1",
    )  # fmt: skip
    assert "starter" in shown.stdout
    made = list((tmp_path / "out").rglob("starter_00001_.safetensors"))
    made += list((base / "output").rglob("starter_00001_.safetensors"))
    assert len(made) == 1
    checkpoints = base / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    made[0].rename(checkpoints / "mine.safetensors")
    run_example(
        base, "text_to_image.json", tmp_path / "drawn",
        "4.ckpt_name=mine.safetensors", "6.text=a red ball",
        "5.width=16", "5.height=16", "3.steps=2",
    )  # fmt: skip
    (path,) = (tmp_path / "drawn").glob("*.png")
    with Image.open(path) as picture:
        assert picture.size == (16, 16)
