"""What packs import as `comfy_api` and `comfy_execution`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import ForbiddenPathError
from engine.registry.running import call_as_running
from engine.registry.spec import Folders
from engine.registry.v3 import io
from engine.types import ExecutionBlocker
from tests.registry.registry_fakes import FakeContext, FakeFolders

COMPAT = Path(__file__).parents[2] / "engine" / "compat"


class TemporaryFolders(FakeFolders):
    def __init__(self, root: Path) -> None:
        self.root = root

    def directory(self, kind: str) -> Path:
        return self.root / kind


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(COMPAT)
    yield
    for name in [name for name in sys.modules if name.startswith(("comfy_api", "comfy_execution"))]:
        del sys.modules[name]


def host(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext("7", 2, services={Folders: TemporaryFolders(tmp_path)})


class Saving(io.ComfyNode):
    """Stands for the node whose run is embedded."""


@pytest.mark.parametrize("version", ["latest", "v0_0_2", "v0_0_1"])
def test_all_versions_share_one_implementation(version: str) -> None:
    module, latest = host(f"comfy_api.{version}"), host("comfy_api.latest")

    assert module.io is io
    for name in ("ui", "ComfyExtension", "ComfyAPI", "ComfyAPISync", "Input"):
        assert getattr(module, name) is getattr(latest, name)


def test_execution_tools_are_the_engines_own() -> None:
    tools = host("comfy_execution.graph_utils")

    assert tools.ExecutionBlocker is ExecutionBlocker
    assert tools.is_link(["1", 0])
    assert tools.GraphBuilder("p.").node("A").id == "p.1"


def test_a_running_node_learns_which_call_it_is(context: FakeContext) -> None:
    get = host("comfy_execution.utils").get_executing_context

    assert get() is None
    assert call_as_running(context, get) == ("run-1", "7", 2)


def test_progress_reaches_the_running_node(context: FakeContext) -> None:
    api = host("comfy_api.latest").ComfyAPISync()
    picture = Image.new("RGB", (4, 4))

    call_as_running(context, lambda: api.execution.set_progress(1, 4))
    call_as_running(
        context,
        lambda: api.execution.set_progress(2, 4, node_id="7", preview_image=picture),
    )
    call_as_running(
        context,
        lambda: api.execution.set_progress(
            3, 4, preview_image=torch.ones(2, 3, 5, 3), ignore_size_limit=True
        ),
    )

    assert [report[:2] for report in context.reports] == [(1, 4), (2, 4), (3, 4)]
    previews = [report[2] for report in context.reports]
    assert previews[0] is None
    assert previews[1] is not None
    assert previews[1].render() is picture
    assert previews[1].max_size == 512
    assert previews[2] is not None
    assert previews[2].render().size == (5, 3)
    assert previews[2].max_size > 10_000


async def test_async_progress_is_awaited(context: FakeContext) -> None:
    api = host("comfy_api.latest").ComfyAPI()

    async def work() -> None:
        await api.execution.set_progress(1, 2)

    await call_as_running(context, work)

    assert context.reports == [(1, 2, None)]


def test_progress_belongs_to_the_running_node(context: FakeContext) -> None:
    api = host("comfy_api.latest").ComfyAPISync()

    with pytest.raises(LookupError, match="no node is running"):
        api.execution.set_progress(1, 2)
    with pytest.raises(ValueError, match="node 8 is not the running one, 7"):
        call_as_running(context, lambda: api.execution.set_progress(1, 2, node_id="8"))


def test_an_extension_must_list_its_nodes() -> None:
    with pytest.raises(TypeError, match="get_node_list"):
        host("comfy_api.latest").ComfyExtension()


def test_simple_results_are_shown() -> None:
    ui = host("comfy_api.latest").ui
    saved = ui.SavedResult("a.png", "sub", io.FolderType.output)

    assert ui.PreviewText("hi").as_dict() == {"text": ("hi",)}
    assert ui.PreviewUI3D("m.glb", {"fov": 1}).as_dict() == {"result": ["m.glb", {"fov": 1}]}
    assert saved == {"filename": "a.png", "subfolder": "sub", "type": "output"}
    assert (saved.filename, saved.subfolder, saved.type) == ("a.png", "sub", io.FolderType.output)
    assert ui.SavedImages([saved]).as_dict() == {"images": [saved]}
    assert ui.SavedImages([saved], is_animated=True).as_dict()["animated"] == (True,)


def test_previews_are_written_to_the_temp_folder(context: FakeContext, tmp_path: Path) -> None:
    ui = host("comfy_api.latest").ui
    image = torch.full((2, 3, 5, 3), 0.5)

    shown = call_as_running(context, lambda: ui.PreviewImage(image, cls=Saving).as_dict())

    assert shown["animated"] == (False,)
    first, second = shown["images"]
    assert first["type"] == second["type"] == "temp"
    with Image.open(tmp_path / "temp" / first["filename"]) as picture:
        assert picture.size == (5, 3)
        assert picture.getpixel((0, 0)) == (128, 128, 128)
        assert picture.info["workflow"] == '{"nodes": []}'


@pytest.mark.parametrize("shape", [(3, 5), (1, 3, 5)])
def test_masks_are_shown_in_grey(
    context: FakeContext, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    ui = host("comfy_api.latest").ui

    shown = call_as_running(context, lambda: ui.PreviewMask(torch.ones(shape)).as_dict())

    with Image.open(tmp_path / "temp" / shown["images"][0]["filename"]) as picture:
        assert picture.getpixel((4, 2)) == (255, 255, 255)
        assert "prompt" not in picture.info


def test_results_are_saved_as_pictures_and_animations(context: FakeContext, tmp_path: Path) -> None:
    helper = host("comfy_api.latest").ui.ImageSaveHelper
    image = torch.rand(2, 8, 8, 3, generator=torch.Generator().manual_seed(0))

    def save() -> list[dict[str, Any]]:
        return [
            helper.get_save_images_ui(image, "sub/still", cls=Saving).as_dict(),
            helper.get_save_animated_png_ui(image, "moving", Saving, 6.0, 4).as_dict(),
            helper.get_save_animated_webp_ui(image, "moving", Saving, 6.0, True, 80, 4).as_dict(),
        ]

    still, png, webp = call_as_running(context, save)

    assert [entry["filename"] for entry in still["images"]] == [
        "still_00001_.png",
        "still_00002_.png",
    ]
    assert still["images"][0]["subfolder"] == "sub"
    assert png["animated"] == webp["animated"] == (True,)
    for entry in (png["images"][0], webp["images"][0]):
        with Image.open(tmp_path / "output" / entry["filename"]) as picture:
            assert getattr(picture, "n_frames", 1) == 2


def test_nothing_is_saved_outside_of_a_node_or_a_folder(context: FakeContext) -> None:
    helper = host("comfy_api.latest").ui.ImageSaveHelper
    image = torch.zeros(1, 2, 2, 3)

    with pytest.raises(LookupError, match="no node is running"):
        helper.get_save_images_ui(image, "a", cls=None)
    with pytest.raises(ForbiddenPathError):
        call_as_running(context, lambda: helper.get_save_images_ui(image, "../a", cls=None))


def test_the_running_graph_and_the_blocker_are_the_engines_own() -> None:
    graph = host("comfy_execution.graph")

    assert graph.ExecutionBlocker is ExecutionBlocker
    assert callable(graph.DynamicPrompt.get_node)
