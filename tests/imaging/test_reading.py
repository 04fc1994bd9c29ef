"""Picture files of every kind, whole and hostile."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import FileFormatError, InvalidValueError
from engine.imaging import opening, reading
from engine.imaging.convert import split_picture, to_bytes, to_pictures
from engine.imaging.reading import alpha_to_mask, read_pictures


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int) -> bytes:
    fields = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", fields)


def gradient(height: int = 12, width: int = 16) -> torch.Tensor:
    return torch.linspace(0, 1, height * width * 3).reshape(1, height, width, 3)


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_a_lossless_picture_is_read_back_within_half_a_step(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", to_pictures(gradient())[0])
    found = read_pictures(path)
    assert found.alpha is None
    assert found.image.dtype == torch.float32
    assert (found.image - gradient()).abs().max() <= 1 / 510 + 1e-6


def test_eight_bit_values_are_rounded_and_bounded() -> None:
    values = torch.tensor([0.0, 0.9 / 255, 254.5001 / 255, 254.4999 / 255, 1.0, 1.7, -0.3])
    found = to_bytes(values.reshape(1, 1, -1, 1)).ravel()
    assert found.tolist() == [0, 1, 255, 254, 255, 255, 0]


def test_a_picture_with_nan_is_refused_with_a_hint() -> None:
    with pytest.raises(InvalidValueError, match=r"NaN.*VAE"):
        to_bytes(torch.full((1, 2, 2, 3), torch.nan))


def test_the_camera_orientation_is_applied(tmp_path: Path) -> None:
    picture = Image.fromarray(np.zeros((10, 20, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    found = read_pictures(saved(tmp_path / "a.jpg", picture, exif=exif.tobytes()))
    assert found.image.shape == (1, 20, 10, 3)


def test_transparency_becomes_a_mask(tmp_path: Path) -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 3] = [0, 51, 204, 255]
    found = read_pictures(saved(tmp_path / "a.png", Image.fromarray(rgba)))
    assert torch.allclose(alpha_to_mask(found)[0, 0], torch.tensor([1.0, 0.8, 0.2, 0.0]))


def test_a_palette_with_a_transparent_colour_has_a_mask(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 2), 1)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((0, 0), 0)
    found = read_pictures(saved(tmp_path / "a.png", picture, transparency=0))
    mask = alpha_to_mask(found)
    assert mask[0, 0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found.image[0, 1, 1].tolist() == [0.0, 1.0, 0.0]


def test_without_transparency_the_mask_is_empty(tmp_path: Path) -> None:
    found = read_pictures(saved(tmp_path / "a.png", Image.new("L", (5, 5))))
    assert alpha_to_mask(found).shape == (1, 64, 64)
    assert not alpha_to_mask(found).any()


def test_sixteen_bits_of_grey_are_kept(tmp_path: Path) -> None:
    values = np.array([[0, 1, 32768, 65535]], np.uint16)
    found = read_pictures(saved(tmp_path / "a.png", Image.fromarray(values)))
    expected = torch.from_numpy(values.astype(np.float32) / 65535)
    assert torch.equal(found.image[0, ..., 1], expected)


def test_float_pictures_must_be_in_range() -> None:
    picture = Image.fromarray(np.array([[0.25, 1.5]], np.float32))
    with pytest.raises(ValueError, match="range"):
        split_picture(picture)


def test_cmyk_is_turned_into_rgb(tmp_path: Path) -> None:
    found = read_pictures(saved(tmp_path / "a.jpg", Image.new("CMYK", (8, 8))))
    assert found.image.shape == (1, 8, 8, 3)
    assert found.image.mean() > 0.98


def test_an_animation_becomes_a_batch(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 6), (value, 0, 0)) for value in (0, 100, 200)]
    path = saved(
        tmp_path / "a.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True
    )
    found = read_pictures(path)
    assert found.image.shape == (3, 6, 8, 3)
    assert (found.image[:, 0, 0, 0] * 255).round().tolist() == [0, 100, 200]


def test_frames_of_another_size_are_skipped(tmp_path: Path) -> None:
    pages = [Image.new("RGB", size) for size in ((8, 6), (4, 4), (8, 6))]
    path = saved(tmp_path / "a.tiff", pages[0], save_all=True, append_images=pages[1:])
    assert read_pictures(path).image.shape == (2, 6, 8, 3)


@pytest.mark.parametrize("size", [(65535, 65535), (1 << 21, 1), (2**31 - 1, 2**31 - 1)])
def test_a_header_that_claims_too_much_is_refused_before_decoding(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(*size) + png_chunk(b"IDAT", zlib.compress(b"\0" * 4096)))
    with pytest.raises(FileFormatError, match="claims"):
        read_pictures(path)


def test_an_animation_with_too_many_frames_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_FRAMES", 3)
    frames = [Image.new("L", (4, 4), value * 20) for value in range(6)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(FileFormatError, match="more than 3 frames"):
        read_pictures(path)


def test_an_animation_with_too_many_pixels_in_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_PIXELS", 40)
    frames = [Image.new("L", (4, 4), value * 20) for value in range(6)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(FileFormatError, match="40 pixels in all frames"):
        read_pictures(path)


def test_a_compressed_text_bomb_is_refused(tmp_path: Path) -> None:
    text = b"workflow\0\0" + zlib.compress(b" " * (80 << 20), 9)
    path = tmp_path / "bomb.png"
    body = png_chunk(b"IDAT", zlib.compress(b"\0" * 13 * 4)) + png_chunk(b"IEND", b"")
    path.write_bytes(png_header(4, 4) + png_chunk(b"zTXt", text) + body)
    with pytest.raises(FileFormatError):
        read_pictures(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_gives_one_clear_error(tmp_path: Path, suffix: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    path = saved(tmp_path / f"a{suffix}", Image.fromarray(noise))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(FileFormatError, match=path.name):
        read_pictures(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"this is a text, not a picture",
        b"\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a" + b"\xff" * 40,
        b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 40,
        b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60,
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_picture_gives_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"a\.png"):
        read_pictures(path)


def test_all_formats_are_known_to_pillow() -> None:
    Image.init()
    assert set(opening.FORMATS) <= set(Image.OPEN)
    assert "EPS" not in opening.FORMATS  # it would start a program


def test_of_a_multi_picture_jpeg_only_the_photograph_is_read(tmp_path: Path) -> None:
    photo = Image.new("RGB", (8, 6), (200, 0, 0))
    path = tmp_path / "a.jpg"
    photo.save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 6))])
    assert read_pictures(path).image.shape == (1, 6, 8, 3)
