"""Icon sets as captioned pictures: packages, licences, captions, interrupted builds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import FileFormatError, UnknownNameError
from engine.imaging.saving import SaveError
from engine.training.datasets import icons
from engine.training.datasets.iconify import (
    IconSet,
    LicenceError,
    keywords_credit,
    read_icon_set,
    read_keywords,
)
from engine.training.datasets.icons import (
    Concept,
    RendererMissingError,
    SvgError,
    attribution,
    build_icon_folder,
    caption_lines,
    draw_icon,
    read_concepts,
)
from tests.training.icon_package import icon_package, keyword_package, write_package


@pytest.fixture
def icon_set(tmp_path: Path) -> IconSet:
    return read_icon_set(icon_package(tmp_path / "tiny.tgz"))


def svg(body: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 16 16">{body}</svg>'
    )


class InterruptedBuildError(Exception):
    """Stands for whatever stops a build."""


def build(folder: Path, icon_set: IconSet, stop_at: int | None = None, size: int = 16) -> int:
    def report(done: int, total: int) -> None:
        if done == stop_at:
            raise InterruptedBuildError

    concepts = read_concepts("red-ball\ngreen-box\nblue-drops", icon_set)
    return build_icon_folder(
        folder, icon_set, concepts, size=size, keywords={}, credit="By A.", report=report
    )


def test_a_package_says_what_it_is_and_whose(icon_set: IconSet) -> None:
    assert (icon_set.title, icon_set.version, icon_set.licence) == ("Tiny Icons", "1.2.3", "MIT")
    assert "A. Person" in attribution(icon_set)
    assert "gone" not in icon_set.svgs


def test_an_unpacked_package_is_read_alike(tmp_path: Path, icon_set: IconSet) -> None:
    import tarfile

    with tarfile.open(tmp_path / "tiny.tgz") as archive:
        archive.extractall(tmp_path, filter="data")
    assert read_icon_set(tmp_path / "package") == icon_set


@pytest.mark.parametrize(
    "files",
    [
        {"icons.json": {"prefix": "x", "icons": {}}},
        {"icons.json": b"{"},
        {"icons.json": {"prefix": "x", "icons": {"a": {"body": 3}}}},
    ],
)
def test_a_damaged_package_is_named(tmp_path: Path, files: dict[str, object]) -> None:
    path = write_package(tmp_path / "bad.tgz", files)
    with pytest.raises(FileFormatError, match=r"bad\.tgz"):
        read_icon_set(path)


@pytest.mark.parametrize("name", ["../../out", "/out", "a/b", "", ".", "a\0b", "Ball"])
def test_a_name_that_would_lead_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    icons = {"prefix": "x", "icons": {"ball": {"body": ""}, name: {"body": ""}}}
    path = write_package(tmp_path / "bad.tgz", {"icons.json": icons})
    with pytest.raises(FileFormatError, match="a name that none may have"):
        read_icon_set(path)


def test_damaged_compression_is_named(tmp_path: Path) -> None:
    path = icon_package(tmp_path / "bad.tgz")
    content = bytearray(path.read_bytes())
    for place in range(60, len(content)):
        content[place] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"no readable icons\.json"):
        read_icon_set(path)


@pytest.mark.parametrize("entry", [{"label": 3}, {"label": "a", "tags": 7}, "no object"])
def test_a_damaged_word_list_is_named(tmp_path: Path, entry: object) -> None:
    path = write_package(tmp_path / "words.tgz", {"en/data.json": [entry]})
    with pytest.raises(FileFormatError, match=r"en/data\.json is not valid"):
        read_keywords(path)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="npm pack"):
        read_icon_set(tmp_path / "x.tgz")


def test_a_set_under_another_licence_is_refused(tmp_path: Path) -> None:
    found = read_icon_set(icon_package(tmp_path / "x.tgz", spdx="CC-BY-NC-4.0"))
    with pytest.raises(LicenceError, match=r"CC-BY-NC-4\.0; allowed are Apache-2\.0, MIT"):
        found.require_licence(("Apache-2.0", "MIT"))


def test_keywords_are_found_by_the_name_of_the_icon(tmp_path: Path) -> None:
    words = read_keywords(keyword_package(tmp_path / "words.tgz"))
    assert words == {"red-ball": ("ball", "toy", "round", "play"), "blue-drops": ("water",)}


def test_keywords_are_credited(tmp_path: Path) -> None:
    assert "words 9.0.0" in keywords_credit(keyword_package(tmp_path / "words.tgz"))


def test_concepts_have_names_of_their_own_or_those_of_the_icons(icon_set: IconSet) -> None:
    text = "# things\nred-ball: ball, red ball\n\n  green-box \n"
    assert read_concepts(text, icon_set) == [
        Concept("red-ball", ("ball", "red ball")),
        Concept("green-box", ("green box",)),
    ]


def test_without_a_list_every_icon_is_taken_but_those_left_out(icon_set: IconSet) -> None:
    found = [concept.icon for concept in read_concepts("", icon_set, without=("button",))]
    assert found == ["red-ball", "green-box", "blue-drops"]


def test_an_icon_the_set_lacks_is_named_with_the_nearest(icon_set: IconSet) -> None:
    with pytest.raises(UnknownNameError, match='Did you mean "red-ball"'):
        read_concepts("red-bal", icon_set)


def test_captions_are_plain_mostly() -> None:
    lines = list(caption_lines(Concept("x", ("red apple", "apple")), ("apple", "fruit", "food")))
    assert lines.count("a red apple") == lines.count("an apple") == 4
    assert lines.count("red apple") == lines.count("apple") == 1
    assert lines[-2:] == ["a red apple, fruit", "a red apple, food"]


def test_names_that_bring_an_article_keep_it() -> None:
    lines = set(caption_lines(Concept("x", ("some grapes",)), ()))
    assert lines == {"some grapes", "grapes"}


def test_an_icon_is_drawn_with_its_colours_on_nothing(icon_set: IconSet) -> None:
    drawn = np.asarray(draw_icon("red-ball", icon_set.svgs["red-ball"], 32))
    assert drawn.shape == (32, 32, 4)
    assert tuple(drawn[16, 16]) == (0xE0, 0x1B, 0x24, 255)
    assert drawn[0, 0, 3] == 0


def test_a_drawing_that_is_none_is_named() -> None:
    with pytest.raises(SvgError, match='"broken"'):
        draw_icon("broken", "<svg", 16)


@pytest.mark.parametrize(
    "reference", ["{path}", "file://{path}", "&#47;{path}", "https://example.org/a.png", "a.png"]
)
@pytest.mark.parametrize("attribute", ["href", "xlink:href"])
def test_a_drawing_that_refers_to_a_file_is_refused(
    tmp_path: Path, attribute: str, reference: str
) -> None:
    Image.new("RGB", (4, 4), "red").save(tmp_path / "private.png")
    where = reference.format(path=tmp_path / "private.png")
    body = f'<image {attribute} = "{where}" width="16" height="16"/>'
    with pytest.raises(SvgError, match=r"odd.*refers to another file"):
        draw_icon("odd", svg(body), 16)


def test_references_within_a_drawing_are_followed() -> None:
    body = '<defs><path id="a" d="M0 0h16v16H0z" fill="#00f"/></defs><use xlink:href="#a"/>'
    assert draw_icon("square", svg(body), 8).getpixel((4, 4)) == (0, 0, 255, 255)


def test_without_the_renderer_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(RendererMissingError, match=r"pip install tessera\[train\]"):
        draw_icon("x", "", 16)


def test_a_build_makes_pictures_captions_and_credit(tmp_path: Path, icon_set: IconSet) -> None:
    assert build(tmp_path / "out", icon_set) == 3
    with Image.open(tmp_path / "out" / "green-box.png") as picture:
        assert (picture.size, picture.mode) == ((16, 16), "RGBA")
    assert "a green box" in (tmp_path / "out" / "green-box.txt").read_text("utf-8").splitlines()
    assert (tmp_path / "out" / "ATTRIBUTION.md").read_text("utf-8") == "By A."


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path, icon_set: IconSet) -> None:
    with pytest.raises(InterruptedBuildError):
        build(tmp_path / "out", icon_set, stop_at=2)
    assert not (tmp_path / "out" / "ATTRIBUTION.md").exists()
    first = (tmp_path / "out" / "red-ball.png").stat().st_mtime_ns
    assert build(tmp_path / "out", icon_set) == 1
    assert (tmp_path / "out" / "red-ball.png").stat().st_mtime_ns == first


def test_a_picture_is_never_left_half_written(
    tmp_path: Path, icon_set: IconSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes = Path.write_bytes

    def full_disk(path: Path, content: bytes) -> int:
        if path.name.startswith("green-box.png"):
            write_bytes(path, content[:10])
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(SaveError, match=r"green-box\.png.*No space left"):
        build(tmp_path / "out", icon_set)
    assert not (tmp_path / "out" / "green-box.png").exists()
    monkeypatch.undo()
    assert build(tmp_path / "out", icon_set) == 2


def test_another_size_or_version_draws_everything_anew(tmp_path: Path, icon_set: IconSet) -> None:
    build(tmp_path / "out", icon_set)
    assert build(tmp_path / "out", icon_set, size=8) == 3
    newer = read_icon_set(icon_package(tmp_path / "new.tgz", version="2.0.0"))
    assert build(tmp_path / "out", newer, size=8) == 3


def test_pictures_no_longer_listed_are_removed(tmp_path: Path, icon_set: IconSet) -> None:
    build(tmp_path / "out", icon_set)
    only = read_concepts("red-ball", icon_set)
    build_icon_folder(
        tmp_path / "out", icon_set, only, size=16, keywords={}, credit="", report=lambda *_: None
    )
    assert sorted(file.name for file in (tmp_path / "out").glob("*.png")) == ["red-ball.png"]


def test_nothing_but_pictures_of_a_build_is_removed(tmp_path: Path, icon_set: IconSet) -> None:
    other = tmp_path / "out"
    other.mkdir()
    (other / "holiday.png").write_bytes(b"the artist's own")
    with pytest.raises(icons.ForeignFolderError, match="holiday"):
        build(other, icon_set)
    assert (other / "holiday.png").read_bytes() == b"the artist's own"
