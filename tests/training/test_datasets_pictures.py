"""Folders of pictures and how they vary: what artists put there, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InvalidValueError
from engine.training.datasets import folder as module
from engine.training.datasets.folder import (
    Captions,
    EmptyFolderError,
    TooManyPicturesError,
    read_folder,
    skipped_sentence,
)
from engine.training.datasets.pictures import Picture, VariedPictures
from engine.training.datasets.variation import Variation


def save(path: Path, colour: str = "red", size: tuple[int, int] = (16, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def captions_in(folder: Path, kind: Captions = "sidecar") -> list[tuple[str, ...]]:
    return [picture.captions for picture in read_folder(folder, 8, kind).pictures.pictures]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def varied(variation: Variation, captions: tuple[str, ...] = ("a red thing",)) -> VariedPictures:
    """One picture: a red square in the left upper quarter, transparent elsewhere."""
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:8, :8] = (220, 20, 30, 255)
    return VariedPictures((Picture("one", rgba, captions),), 16, variation)


# --- folders ----------------------------------------------------------------------------------


def test_pictures_of_any_shape_become_squares(tmp_path: Path) -> None:
    save(tmp_path / "wide.png", size=(64, 16))
    picture = read_folder(tmp_path, 8, "none").pictures.pictures[0]
    assert picture.rgba.shape == (8, 8, 4)
    assert picture.rgba[:, 0, 3].tolist() == [0, 0, 0, 255, 255, 0, 0, 0]


def test_a_thin_line_is_still_a_picture(tmp_path: Path) -> None:
    save(tmp_path / "line.png", size=(400, 1))
    assert read_folder(tmp_path, 8, "none").pictures.pictures[0].rgba[..., 3].any()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_sixteen_bits_is_scaled_not_cut_off(tmp_path: Path, suffix: str) -> None:
    values = np.full((8, 8), 0x8080, np.uint16)
    Image.fromarray(values).save(tmp_path / f"deep{suffix}")
    picture = read_folder(tmp_path, 8, "none").pictures.pictures[0]
    assert (picture.rgba == (128, 128, 128, 255)).all()


def test_floats_are_scaled_and_other_ranges_skipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "a.tif")
    Image.fromarray(np.full((8, 8), 50.0, np.float32)).save(tmp_path / "b.tif")
    content = read_folder(tmp_path, 8, "none")
    assert (content.pictures.pictures[0].rgba == (128, 128, 128, 255)).all()
    assert [one.name for one in content.skipped] == ["b.tif"]
    assert "outside the range" in content.skipped[0].problem


def test_pictures_of_every_mode_keep_their_colour(tmp_path: Path) -> None:
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    red.convert("CMYK").save(tmp_path / "cmyk.tif")
    red.convert("RGBA").save(tmp_path / "rgba.png")
    red.quantize().save(tmp_path / "palette.png")
    blue = Image.new("RGB", (8, 8), "blue")
    red.save(tmp_path / "moving.gif", save_all=True, append_images=[blue])
    pictures = read_folder(tmp_path, 8, "none").pictures.pictures
    names = [picture.name for picture in pictures]
    assert names == ["cmyk.tif", "moving.gif", "palette.png", "rgba.png"]
    for picture in pictures:
        assert (picture.rgba == (255, 0, 0, 255)).all(), picture.name


def test_subfolders_are_read_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.jpg", "c.webp"):
        save(tmp_path / name)
    names = [picture.name for picture in read_folder(tmp_path, 8, "none").pictures.pictures]
    assert names == ["a/1.jpg", "b/2.png", "c.webp"]


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("red_apple.png", "red apple"),
        ("red-apple_003.png", "red apple"),
        ("cat (12).png", "cat"),
        ("007.png", "007"),
        ("红苹果-1.png", "红苹果"),
        ("яблоко.png", "яблоко"),
        ("تفاحة.png", "تفاحة"),
        ("🍎.png", "🍎"),
    ],
)
def test_file_names_in_any_script_are_captions(tmp_path: Path, name: str, caption: str) -> None:
    save(tmp_path / name)
    assert captions_in(tmp_path, "file name") == [(caption,)]


def test_the_text_beside_a_picture_holds_its_captions(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("\ufeff一个红苹果\n\n  a red apple  \n", "utf-8")
    save(tmp_path / "no_text.png")
    assert captions_in(tmp_path) == [("一个红苹果", "a red apple"), ("no text",)]
    assert captions_in(tmp_path, "none") == [(), ()]


def test_what_cannot_be_read_is_skipped_counted_and_named(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "good.png").read_bytes()[:50])
    (tmp_path / "text.jpg").write_text("no picture")
    save(tmp_path / "odd.png")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "notes.md").write_text("not looked at")
    content = read_folder(tmp_path, 8, "sidecar")
    assert len(content.pictures) == 1
    assert [one.name for one in content.skipped] == ["broken.png", "odd.png", "text.jpg"]
    assert skipped_sentence(content.skipped).startswith('3 skipped: "broken.png" (')


def test_many_skipped_files_are_named_in_part(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    for number in range(9):
        (tmp_path / f"bad{number}.png").write_text("x")
    sentence = skipped_sentence(read_folder(tmp_path, 8, "none").skipped)
    assert sentence.startswith("9 skipped")
    assert sentence.endswith("and 4 more")


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(EmptyFolderError, match=r"nowhere.* does not exist"):
        read_folder(tmp_path / "nowhere", 8, "sidecar")


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(EmptyFolderError, match="Put PNG, JPEG or WebP"):
        read_folder(tmp_path, 8, "none")


def test_a_folder_of_broken_pictures_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("x")
    with pytest.raises(EmptyFolderError, match=r"1 skipped: \"bad\.png\""):
        read_folder(tmp_path, 8, "none")


def test_more_pictures_than_memory_are_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(TooManyPicturesError, match="1 pictures"):
        read_folder(tmp_path, 8, "none")


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    for name in "abc":
        save(tmp_path / f"{name}.png")
    seen: list[tuple[int, int]] = []
    read_folder(tmp_path, 8, "none", report=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3)]


# --- drawing ----------------------------------------------------------------------------------


def test_without_variations_a_picture_is_what_it_is() -> None:
    batch = varied(Variation()).draw([0, 0], generator())
    assert batch.images.shape == (2, 3, 16, 16)
    assert batch.images.dtype == torch.float32
    red = torch.tensor([220, 20, 30]) / 127.5 - 1
    assert torch.allclose(batch.images[0, :, 2, 2], red)
    assert batch.images[:, :, 12, 12].min() > 0.8  # white or a very light gray
    assert batch.captions == ("a red thing", "a red thing")


def test_the_same_generator_draws_the_same() -> None:
    data = varied(Variation(flip=0.5, shift=0.2, scale=0.5, recolour=0.5, background=0.5))
    first, second = (data.draw([0] * 20, generator(3)) for _ in range(2))
    assert torch.equal(first.images, second.images)
    assert first.captions == second.captions
    assert not torch.equal(first.images, data.draw([0] * 20, generator(4)).images)


def test_captions_are_drawn_by_how_often_they_are_there() -> None:
    data = varied(Variation(), captions=("often", "often", "often", "rare"))
    drawn = data.draw([0] * 400, generator()).captions
    assert 250 < drawn.count("often") < 350


def test_a_picture_without_captions_has_an_empty_one() -> None:
    assert varied(Variation(), captions=()).draw([0], generator()).captions == ("",)


def test_flipping_mirrors_left_and_right() -> None:
    image = varied(Variation(flip=1.0)).draw([0], generator()).images[0]
    assert image[1, 2, 13] < -0.8  # the square's green channel is dark
    assert image[1, 2, 2] > 0.8


def test_backgrounds_are_named() -> None:
    batch = varied(Variation(background=1.0)).draw([0] * 30, generator())
    assert all(" background" in caption for caption in batch.captions)
    assert any(caption == "a red thing on an orange background" for caption in batch.captions)
    for image, caption in zip(batch.images, batch.captions, strict=True):
        if caption.endswith("on a black background"):
            assert image[:, 12, 12].max() < -0.7


def test_opaque_pictures_get_no_background() -> None:
    rgba = np.full((8, 8, 4), 255, np.uint8)
    data = VariedPictures((Picture("x", rgba, ("a page",)),), 8, Variation(background=1.0))
    assert data.draw([0] * 5, generator()).captions == ("a page",) * 5


def test_turned_hues_are_named_as_measured() -> None:
    batch = varied(Variation(recolour=1.0)).draw([0] * 40, generator())
    for image, caption in zip(batch.images, batch.captions, strict=True):
        if caption == "a blue thing":
            assert image[2, 2, 2] > 0.5 > image[0, 2, 2]
    assert {"a blue thing", "a green thing", "a red thing"} <= set(batch.captions)


def test_only_chosen_words_are_recoloured() -> None:
    data = varied(Variation(recolour=1.0, recoloured=("car",)))
    assert set(data.draw([0] * 10, generator()).captions) == {"a red thing"}


def test_a_crop_shows_a_part_enlarged() -> None:
    images = varied(Variation(crop=0.25)).draw([0] * 60, generator()).images
    red = (images[:, 1] < -0.5).float().mean((1, 2))
    assert red.max() > 0.9
    assert red.min() < 0.01


@settings(deadline=None, max_examples=30)
@given(
    st.floats(0, 0.5),
    st.floats(0.05, 1),
    st.floats(0.05, 1),
    st.integers(0, 2**62),
)
def test_whatever_the_variation_pictures_stay_pictures(
    shift: float, scale: float, crop: float, seed: int
) -> None:
    data = varied(Variation(flip=0.5, shift=shift, scale=scale, crop=crop, background=0.5))
    images = data.draw([0, 0], generator(seed)).images
    assert images.shape == (2, 3, 16, 16)
    assert images.min() >= -1
    assert images.max() <= 1


def test_the_fingerprint_follows_pictures_captions_and_variations() -> None:
    prints = {
        varied(Variation()).fingerprint,
        varied(Variation(flip=0.1)).fingerprint,
        varied(Variation(), captions=("other",)).fingerprint,
    }
    assert len(prints) == 3
    assert varied(Variation()).fingerprint == varied(Variation()).fingerprint


def test_captions_for_a_vocabulary_hold_the_words_that_variations_add() -> None:
    words = " ".join(varied(Variation(recolour=0.1, background=0.1)).captions())
    assert "a red thing" in words
    assert "on a brown background" in words
    assert "purple" in words


def test_a_data_set_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="at least one picture"):
        VariedPictures((), 8)


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"flip": 1.5}, Variation)


# --- holding out ------------------------------------------------------------------------------


def many(count: int) -> VariedPictures:
    blank = np.zeros((4, 4, 4), np.uint8)
    pictures = tuple(Picture(str(i), blank, (str(i),)) for i in range(count))
    return VariedPictures(pictures, 4, Variation(flip=0.5))


@given(st.integers(2, 30), st.floats(0.01, 0.99), st.integers(0, 9))
def test_held_out_pictures_are_in_one_part_only(count: int, share: float, seed: int) -> None:
    kept, out = many(count).split(share, seed)
    names = [picture.name for picture in (*kept.pictures, *out.pictures)]
    assert len(kept) > 0 < len(out)
    assert sorted(names) == sorted(str(i) for i in range(count))
    assert (kept.variation.flip, out.variation.flip) == (0.5, 0.0)


def test_one_picture_cannot_be_split() -> None:
    with pytest.raises(InvalidValueError, match="at least two"):
        many(1).split(0.5, 0)
