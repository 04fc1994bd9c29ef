"""The data set nodes: what they read, where they may, and what joins the cache key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import torch
from PIL import Image

from engine.errors import ForbiddenPathError
from engine.models.folders import ModelFolders
from engine.registry.spec import NodeContext
from engine.training.datasets.iconify import LicenceError
from engine.training.datasets.pictures import VariedPictures
from engine.types import NodeResult, Ui
from nodes.training.cache_latents import cache_latents
from nodes.training.icon_set import icon_set_pictures
from nodes.training.picture_folder import FolderPictures, picture_folder
from nodes.training.vary_pictures import (
    captioned_backgrounds,
    dataset_samples,
    recolour_pictures,
    split_pictures,
    vary_pictures,
)
from tests.training.icon_package import icon_package, keyword_package

T = TypeVar("T")


class Host:
    """Folders, and progress that may stop a build."""

    def __init__(self, base: Path) -> None:
        self.folders = ModelFolders(base)
        self.stop_at: int | None = None

    def service(self, kind: type[T]) -> T:
        return cast("T", self.folders)

    def progress(self, value: float, total: float, preview: object = None) -> None:
        if value == self.stop_at:
            raise KeyboardInterrupt


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "input" / "mine").mkdir(parents=True)
    (tmp_path / "output").mkdir()
    for name in ("a cat", "a dog"):
        Image.new("RGB", (20, 10), "red").save(tmp_path / "input" / "mine" / f"{name}.png")
    (tmp_path / "input" / "mine" / "a cat.txt").write_text("a red cat\n")
    icon_package(tmp_path / "input" / "icons.tgz")
    keyword_package(tmp_path / "input" / "words.tgz")
    return Host(tmp_path)


@pytest.fixture
def context(host: Host) -> NodeContext:
    return cast("NodeContext", host)


def files(host: Host, literals: Mapping[str, Any]) -> list[tuple[str, str]]:
    reader = picture_folder.__node__.files  # type: ignore[attr-defined]
    return list(reader(literals, host.folders))


def test_a_folder_becomes_a_data_set_and_says_what_it_left_out(
    host: Host, context: NodeContext
) -> None:
    (host.folders.directory("input") / "mine" / "broken.png").write_text("x")
    result = picture_folder("mine", 16, "sidecar", context)
    assert isinstance(result, NodeResult)
    found = cast("FolderPictures", result.values)
    assert found.report.startswith('2 pictures; 1 skipped: "broken.png"')
    # Seen at the node, wherever its report goes, and on the command line.
    assert result.ui == Ui(text=[found.report], warnings=[found.report.partition("; ")[2]])
    assert list(found.pictures.captions()) == ["a red cat", "a dog"]


def test_pictures_and_their_texts_join_the_cache_key(host: Host) -> None:
    literals = {"folder": "mine", "size": 16, "captions": "sidecar"}
    assert files(host, literals) == [
        ("input", "mine/a cat.png"),
        ("input", "mine/a cat.txt"),
        ("input", "mine/a dog.png"),
    ]


@pytest.mark.parametrize("name", ["../output", "/etc", "mine/../../x"])
def test_a_folder_outside_the_input_folder_is_refused(context: NodeContext, name: str) -> None:
    with pytest.raises(ForbiddenPathError, match="picture folder"):
        picture_folder(name, 16, "none", context)


def test_icons_become_pictures_with_words_and_credit(host: Host, context: NodeContext) -> None:
    found = icon_set_pictures(
        "icons.tgz", "words.tgz", 16, context, concepts="red-ball: ball", folder="data/one"
    )
    assert "a ball" in list(found.pictures.captions())
    assert "a ball, toy" in list(found.pictures.captions())
    assert "Tiny Icons 1.2.3" in found.attribution
    assert "words 9.0.0" in found.attribution
    assert (host.folders.directory("output") / "data/one/red-ball.png").is_file()


def test_a_stopped_build_of_icons_goes_on(host: Host, context: NodeContext) -> None:
    host.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        icon_set_pictures("icons.tgz", "none", 16, context, without="button")
    host.stop_at = None
    first = host.folders.directory("output") / "datasets/icons/red-ball.png"
    drawn = first.stat().st_mtime_ns
    found = icon_set_pictures("icons.tgz", "none", 16, context, without="button")
    assert len(found.pictures) == 3
    assert first.stat().st_mtime_ns == drawn


def test_only_allowed_licences_are_used(context: NodeContext) -> None:
    with pytest.raises(LicenceError, match="MIT"):
        icon_set_pictures("icons.tgz", "none", 16, context, licences="Apache-2.0")


def test_variations_add_up_along_the_graph(context: NodeContext) -> None:
    icons = icon_set_pictures("icons.tgz", "none", 16, context, concepts="red-ball").pictures
    moved = vary_pictures(cast("VariedPictures", icons), flip=0.25, shift=0.1, scale=0.9)
    placed = captioned_backgrounds(cast("VariedPictures", moved), 1.0)
    turned = recolour_pictures(cast("VariedPictures", placed), 1.0, "ball, box")
    variation = cast("VariedPictures", turned).variation
    assert (variation.flip, variation.shift, variation.scale) == (0.25, 0.1, 0.9)
    assert (variation.background, variation.recoloured) == (1.0, ("ball", "box"))
    shown = dataset_samples(turned, 4, 0)
    assert shown.images.shape == (4, 16, 16, 3)
    assert all(" background" in line for line in shown.captions.splitlines())


def test_a_part_is_held_out(context: NodeContext) -> None:
    icons = icon_set_pictures("icons.tgz", "none", 16, context, without="button").pictures
    kept, held_out = split_pictures(cast("VariedPictures", icons), 0.34, 0)
    assert (len(kept), len(held_out)) == (2, 1)


class HalfSize:
    """A VAE that averages 2 x 2 pixels; channels last in, first out, as all do."""

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        assert 0 <= image.min() <= image.max() <= 1
        return torch.nn.functional.avg_pool2d(image.movedim(-1, 1), 2)


def test_latents_are_kept_below_the_output_folder(host: Host, context: NodeContext) -> None:
    icons = icon_set_pictures("icons.tgz", "none", 16, context, without="button").pictures
    vae = cast("Any", HalfSize())
    latents = cache_latents(icons, vae, context, variants=2, name="data/latents")
    assert len(latents) == 6
    assert latents.latent_shape == (3, 8, 8)
    assert (host.folders.directory("output") / "data/latents.safetensors").is_file()
    with pytest.raises(ForbiddenPathError):
        cache_latents(icons, vae, context, name="../outside")
