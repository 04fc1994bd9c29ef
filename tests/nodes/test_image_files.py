"""Nodes that read and write pictures: names, metadata, folders, errors."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.errors import FileFormatError, ForbiddenPathError, InvalidValueError, MissingFileError
from engine.imaging.metadata import read_metadata
from engine.imaging.saving import SaveError
from nodes.image.load_image import load_image, load_image_output, names_a_file
from nodes.image.preview_image import preview_image
from nodes.image.save_animation import save_animated_png, save_animated_webp
from nodes.image.save_image import save_image
from nodes.mask.load_image_mask import load_image_mask
from nodes.mask.mask_preview import mask_preview
from tests.nodes.picture_host import PictureContext

PROMPT = {"1": {"class_type": "EmptyImage", "inputs": {"text": '画 "猫"'}}}
EXTRA = {"workflow": {"nodes": [{"id": 1}], "links": []}}


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(3))


async def test_a_saved_picture_comes_back_with_its_workflow(tmp_path: Path) -> None:
    context = PictureContext(tmp_path, PROMPT, EXTRA)
    image = noise(2, 12, 16, 3)
    ui = await save_image(image, context, "cats/tom_%width%x%height%")
    assert ui["images"] == [
        {"filename": f"tom_16x12_0000{n}_.png", "subfolder": "cats", "type": "output"}
        for n in (1, 2)
    ]
    for item, entry in enumerate(ui["images"]):
        path = tmp_path / "output" / entry["subfolder"] / entry["filename"]
        texts = read_metadata(path)
        assert json.loads(texts["workflow"]) == EXTRA["workflow"]
        assert json.loads(texts["prompt"]) == PROMPT
        name = f"cats/{entry['filename']} [output]"
        loaded = load_image(name, context)
        assert (loaded.image - image[item]).abs().max() <= 1 / 510 + 1e-6
        assert torch.equal(load_image_output(name, context).image, loaded.image)


async def test_transparency_survives_a_save(tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    rgba = noise(1, 6, 5, 4)
    await save_image(rgba, context)
    loaded = load_image("ComfyUI_00001_.png [output]", context)
    assert (loaded.mask - (1 - rgba[..., 3])).abs().max() <= 1 / 510 + 1e-6


async def test_without_metadata_the_file_holds_none(tmp_path: Path) -> None:
    await save_image(noise(1, 4, 4, 3), PictureContext(tmp_path))
    assert read_metadata(tmp_path / "output" / "ComfyUI_00001_.png") == {}


async def test_saves_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    results = await asyncio.gather(*(save_image(noise(2, 4, 4, 3), context) for _ in range(6)))
    names = {entry["filename"] for ui in results for entry in ui["images"]}
    assert names == {f"ComfyUI_{number:05}_.png" for number in range(1, 13)}


async def test_saving_does_not_hold_up_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    may_write = asyncio.Event()
    loop = asyncio.get_running_loop()
    fsync = os.fsync

    def slow_disk(descriptor: int) -> None:
        asyncio.run_coroutine_threadsafe(may_write.wait(), loop).result(timeout=5)
        order.append("written")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow_disk)
    saving = asyncio.create_task(save_image(noise(1, 4, 4, 3), PictureContext(tmp_path)))
    await asyncio.sleep(0.01)
    order.append("next node")
    may_write.set()
    await saving
    assert order == ["next node", "written"]


async def test_a_prefix_that_leaves_the_output_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenPathError):
        await save_image(noise(1, 4, 4, 3), PictureContext(tmp_path), "../../evil")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["input", "output", "temp"]


async def test_a_full_disk_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match="No space left"):
        await save_image(noise(1, 4, 4, 3), PictureContext(tmp_path))
    assert not list((tmp_path / "output").iterdir())


@pytest.mark.parametrize("image", [torch.zeros(4, 4, 3), torch.zeros(0, 4, 4, 3), torch.nan])
async def test_what_is_no_image_is_refused(tmp_path: Path, image: torch.Tensor) -> None:
    with pytest.raises(InvalidValueError, match='input "images"'):
        await save_image(image, PictureContext(tmp_path))


async def test_previews_go_to_the_temp_folder(tmp_path: Path) -> None:
    context = PictureContext(tmp_path, PROMPT, EXTRA)
    ui = await preview_image(noise(2, 4, 4, 3), context)
    for number, entry in enumerate(ui["images"], 1):
        assert re.fullmatch(rf"ComfyUI_temp_[a-z]{{5}}_0000{number}_\.png", entry["filename"])
        assert entry["type"] == "temp"
        assert (tmp_path / "temp" / entry["filename"]).is_file()


async def test_a_mask_is_shown_in_grey(tmp_path: Path) -> None:
    ui = await mask_preview(torch.tensor([[[0.0, 0.5, 1.0]]]), PictureContext(tmp_path))
    with Image.open(tmp_path / "temp" / ui["images"][0]["filename"]) as picture:
        assert [picture.getpixel((x, 0)) for x in range(3)] == [(v,) * 3 for v in (0, 128, 255)]


@pytest.mark.parametrize("save", [save_animated_png, save_animated_webp])
async def test_animations_come_back_with_their_workflow(tmp_path: Path, save: object) -> None:
    context = PictureContext(tmp_path, PROMPT, EXTRA)
    image = noise(3, 8, 8, 3)
    ui = await save(image, context, fps=12.0)  # type: ignore[operator]
    assert ui["animated"] == [True]
    name = ui["images"][0]["filename"]
    assert json.loads(read_metadata(tmp_path / "output" / name)["workflow"]) == EXTRA["workflow"]
    loaded = load_image(f"{name} [output]", context).image
    assert (loaded - image).abs().max() <= 1 / 510 + 1e-6
    with Image.open(tmp_path / "output" / name) as picture:
        picture.seek(1)
        picture.load()
        assert picture.info["duration"] == 83


async def test_a_picture_too_wide_for_webp_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="16383"):
        await save_animated_webp(torch.zeros(1, 1, 16384, 3), PictureContext(tmp_path))
    assert not list((tmp_path / "output").iterdir())


@pytest.mark.parametrize(
    ("channel", "expected"), [("alpha", 0.8), ("red", 1.0), ("green", 0.2), ("blue", 0.0)]
)
def test_a_channel_is_loaded_as_a_mask(tmp_path: Path, channel: str, expected: float) -> None:
    context = PictureContext(tmp_path)
    Image.new("RGBA", (3, 2), (255, 51, 0, 51)).save(tmp_path / "input" / "a.png")
    mask = load_image_mask("a.png", channel, context)  # type: ignore[arg-type]
    assert mask.shape == (1, 2, 3)
    assert torch.allclose(mask, torch.tensor(expected))


def test_a_picture_without_alpha_gives_an_empty_mask(tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    Image.new("RGB", (3, 2)).save(tmp_path / "input" / "a.png")
    assert torch.equal(load_image_mask("a.png", "alpha", context), torch.zeros(1, 64, 64))
    assert torch.equal(load_image("a.png", context).mask, torch.zeros(1, 64, 64))


def test_bad_files_give_one_clear_error(tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    (tmp_path / "input" / "a.png").write_text("not a picture")
    with pytest.raises(FileFormatError, match="not a picture"):
        load_image("a.png", context)
    with pytest.raises(MissingFileError):
        load_image("b.png", context)


def test_any_name_but_an_empty_one_passes_validation() -> None:
    assert names_a_file("sub/a.png [output]") is True
    assert names_a_file(None) is True
    assert names_a_file(" ") == "No image file is chosen."
