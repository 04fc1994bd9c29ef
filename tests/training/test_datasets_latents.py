"""Cached latents: made once, read again, made anew when anything has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError
from engine.imaging.saving import SaveError
from engine.training.datasets.latents import CachedLatents, cache_latents, read_latents
from engine.training.datasets.pictures import Picture, VariedPictures
from engine.training.datasets.variation import Variation
from tests.training.toy import disk_with_room_for


def pictures(count: int = 3, shift: float = 0.0) -> VariedPictures:
    made = [np.full((8, 8, 4), 40 * (i + 1), np.uint8) for i in range(count)]
    items = tuple(Picture(str(i), rgba, (f"number {i}",)) for i, rgba in enumerate(made))
    return VariedPictures(items, 8, Variation(shift=shift))


class Encoder:
    """Averages 4 x 4 pixels into one cell; counts the pictures it is given."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor, self.seen = factor, 0

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return torch.nn.functional.avg_pool2d(images, 4) * self.factor


def cached(
    path: Path,
    encode: Encoder,
    data: VariedPictures | None = None,
    variants: int = 2,
    seed: int = 0,
) -> CachedLatents:
    return cache_latents(
        path, data or pictures(), encode, variants=variants, seed=seed, report=lambda *_: None
    )


def test_every_picture_is_encoded_as_often_as_asked(tmp_path: Path) -> None:
    latents = cached(tmp_path / "x.safetensors", Encoder())
    assert latents.latent_shape == (3, 2, 2)
    assert list(latents.captions()) == ["number 0"] * 2 + ["number 1"] * 2 + ["number 2"] * 2
    drawn = latents.draw([5, 0], torch.Generator())
    assert drawn.captions == ("number 2", "number 0")
    assert torch.equal(drawn.latents, latents.latents[[5, 0]])


def test_the_second_time_nothing_is_encoded_but_a_probe(tmp_path: Path) -> None:
    first = cached(tmp_path / "x.safetensors", Encoder())
    encode = Encoder()
    second = cached(tmp_path / "x.safetensors", encode)
    assert encode.seen == 1
    assert torch.equal(first.latents, second.latents)
    assert first.fingerprint == second.fingerprint


def test_any_change_encodes_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    prints = {
        cached(path, Encoder()).fingerprint,
        cached(path, Encoder(factor=2.0)).fingerprint,
        cached(path, Encoder(), pictures(4)).fingerprint,
        cached(path, Encoder(), pictures(shift=0.1)).fingerprint,
        cached(path, Encoder(), variants=3).fingerprint,
        cached(path, Encoder(), seed=1).fingerprint,
    }
    assert len(prints) == 6


def test_an_interrupted_encoding_leaves_no_cache_behind(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "x.safetensors"
    with pytest.raises(KeyboardInterrupt):
        cache_latents(path, pictures(), Encoder(), variants=1, seed=0, report=stop)
    assert not path.exists()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with disk_with_room_for(100), pytest.raises(SaveError, match=r"x\.safetensors.*File too large"):
        cached(path, Encoder())
    assert list(tmp_path.iterdir()) == []


def test_a_stop_waits_for_one_large_picture_at_most(tmp_path: Path) -> None:
    whole = np.zeros((512, 512, 4), np.uint8)
    large = VariedPictures(tuple(Picture(str(i), whole, ()) for i in range(3)), 512)
    reports: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        reports.append((done, total))

    path = tmp_path / "x.safetensors"
    cache_latents(path, large, Encoder(), variants=1, seed=0, report=report)
    assert reports == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_file_that_is_no_cache_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match="no latent cache"):
        read_latents(path)


def test_captions_and_latents_must_be_as_many(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"latents": torch.zeros(2, 4, 2, 2)}, path, {"captions": '["a"]', "source": "x"})
    with pytest.raises(FileFormatError, match="1 captions for 2 latents"):
        read_latents(path)
