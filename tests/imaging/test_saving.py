"""Names that are never used twice, folders that are never left, files that are whole or absent."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from engine.errors import ForbiddenPathError
from engine.imaging import saving
from engine.imaging.saving import SaveError, SavePath

NOON = datetime(2026, 3, 4, 12, 5, 9)


def write(names: SavePath, content: bytes = b"x", item: int = 0) -> str:
    def fill(file: BinaryIO) -> None:
        file.write(content)

    return names.write(".png", fill, item)


def test_numbers_go_up_from_the_highest_there_is(tmp_path: Path) -> None:
    for name in ("a_00002_.png", "a_00007_.webp", "a_9_x_.png", "b_00050_.png", "a_x_.png"):
        (tmp_path / name).touch()
    names = SavePath.of(tmp_path, "a")
    assert [write(names), write(names)] == ["a_00010_.png", "a_00011_.png"]


def test_a_new_folder_starts_at_one(tmp_path: Path) -> None:
    names = SavePath.of(tmp_path / "out", "portraits/anna")
    assert write(names) == "anna_00001_.png"
    assert names.subfolder == "portraits"
    assert (tmp_path / "out/portraits/anna_00001_.png").read_bytes() == b"x"


def test_placeholders_are_filled_in(tmp_path: Path) -> None:
    names = SavePath.of(
        tmp_path,
        "%year%-%month%-%day%/%hour%%minute%%second%_%width%x%height%_%else%",
        64,
        32,
        NOON,
    )
    assert names.subfolder == "2026-03-04"
    assert names.prefix == "120509_64x32_%else%"


def test_the_place_in_the_batch_is_filled_in_for_each_file(tmp_path: Path) -> None:
    names = SavePath.of(tmp_path, "a%batch_num%")
    assert [write(names, item=0), write(names, item=1)] == ["a0_00001_.png", "a1_00002_.png"]
    assert write(SavePath.of(tmp_path, "a%batch_num%")) == "a0_00003_.png"


@pytest.mark.parametrize("prefix", ["", "sub/", "."])
def test_a_prefix_without_a_name_is_allowed(tmp_path: Path, prefix: str) -> None:
    assert write(SavePath.of(tmp_path, prefix)) == "_00001_.png"


def test_a_backslash_parts_folders_on_every_system(tmp_path: Path) -> None:
    names = SavePath.of(tmp_path, "portraits\\anna")
    assert (names.subfolder, names.prefix) == ("portraits", "anna")
    assert SavePath.of(tmp_path, "portraits\\").subfolder == "portraits"


def test_a_name_the_system_cannot_hold_is_shown_shortened(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="Choose a shorter name") as caught:
        write(SavePath.of(tmp_path, "a" * 5000))
    assert len(str(caught.value)) < 500
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(SaveError, match=r'written to ".*out": '):
        write(SavePath.of(tmp_path / "out", "a"))


def test_a_folder_where_nothing_can_be_deleted_gives_the_error_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SaveError, match="Read-only file system"):
        write(SavePath.of(tmp_path, "a"))


@pytest.mark.parametrize(
    "prefix",
    ["../a", "x/../../a", "/etc/a", "..", "sub/../..", "x/../../", "..\\a", "x\\..\\..\\a"],
)
def test_a_prefix_that_leaves_the_folder_is_refused(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ForbiddenPathError, match="outside"):
        SavePath.of(tmp_path / "out", prefix)


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    with pytest.raises(ForbiddenPathError):
        SavePath.of(tmp_path / "out", "link/a")


def test_going_up_and_down_inside_the_folder_is_fine(tmp_path: Path) -> None:
    assert SavePath.of(tmp_path, "x/../y/a").subfolder == "y"


@pytest.mark.parametrize("prefix", ["画", 'a"b', "a[1]*", "a\0b", "a\x1bb"])
def test_names_are_kept_but_for_what_no_name_should_hold(tmp_path: Path, prefix: str) -> None:
    name = write(SavePath.of(tmp_path, prefix))
    assert name == f"{prefix.replace(chr(0), '_').replace(chr(27), '_')}_00001_.png"
    assert write(SavePath.of(tmp_path, prefix)).endswith("_00002_.png")


def test_runs_that_save_at_once_never_overwrite(tmp_path: Path) -> None:
    def run(number: int) -> list[str]:
        names = SavePath.of(tmp_path, "a")
        return [write(names, f"{number}.{item}".encode()) for item in range(10)]

    with ThreadPoolExecutor(8) as pool:
        written = [name for names in pool.map(run, range(8)) for name in names]
    assert len(set(written)) == 80
    contents = {path.read_bytes() for path in tmp_path.iterdir()}
    assert contents == {f"{number}.{item}".encode() for number in range(8) for item in range(10)}


def test_without_hard_links_files_are_not_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    first, second = SavePath.of(tmp_path, "a"), SavePath.of(tmp_path, "a")
    assert (first.next_number(), second.next_number()) == (1, 1)
    assert [write(first, b"1"), write(second, b"2")] == ["a_00001_.png", "a_00002_.png"]
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"1", b"2"]


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    def fill(file: BinaryIO) -> None:
        file.write(b"half a pic")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SaveError, match=r"a\.png.*No space left.*another folder"):
        SavePath.of(tmp_path, "a").write(".png", fill)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_encoder_leaves_nothing(tmp_path: Path) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half a pic")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        SavePath.of(tmp_path, "a").write(".png", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_visible_before_it_is_whole(tmp_path: Path) -> None:
    seen: list[str] = []

    def watch(file: BinaryIO) -> None:
        file.write(b"x")
        seen.extend(path.name for path in tmp_path.iterdir() if path.suffix == ".png")

    names = SavePath.of(tmp_path, "a")
    assert names.write(".png", watch) == "a_00001_.png"
    assert seen == []
    assert [path.name for path in tmp_path.iterdir()] == ["a_00001_.png"]


def test_a_name_the_system_refuses_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="too long"):
        write(SavePath.of(tmp_path, "a" * 300))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Path] = []
    names_in = saving._names

    def count(folder: Path) -> list[str]:
        listed.append(folder)
        return names_in(folder)

    monkeypatch.setattr(saving, "_names", count)
    names = SavePath.of(tmp_path, "a")
    for _ in range(3):
        write(names)
    assert listed == [tmp_path]
