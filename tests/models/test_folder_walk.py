"""Links in model folders lead anywhere, and never to an endless walk."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.models import folder_walk
from engine.models.folder_walk import walk_folder
from engine.models.folders import ModelFolders


def files_below(root: Path) -> list[str]:
    found = []
    for folder, _, files in walk_folder(root):
        relative = Path(folder).relative_to(root)
        found += [(relative / file).as_posix() for file in files]
    return sorted(found)


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_folders_and_links_to_other_places_are_walked(tmp_path: Path) -> None:
    root, disk = tmp_path / "models", tmp_path / "disk"
    put(root / "a/b/own.pt")
    put(disk / "deep/far.pt")
    (root / "linked").symlink_to(disk)
    assert files_below(root) == ["a/b/own.pt", "linked/deep/far.pt"]


def test_a_link_to_where_it_lies_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "models/a/own.pt")
    put(tmp_path / "secret/other.pt")
    for name, target in (("up", tmp_path), ("root", Path("/")), ("here", tmp_path / "models/a")):
        (tmp_path / "models/a" / name).symlink_to(target)
    assert files_below(tmp_path / "models") == ["a/own.pt"]


def test_a_folder_reached_twice_is_listed_once(tmp_path: Path) -> None:
    put(tmp_path / "disk/a.pt")
    for name in ("one", "two"):
        (tmp_path / "models").mkdir(exist_ok=True)
        (tmp_path / "models" / name).symlink_to(tmp_path / "disk")
    assert files_below(tmp_path / "models") == ["one/a.pt"]


def test_a_link_to_a_whole_disk_ends_with_a_warning_and_hides_nothing_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(folder_walk, "MAX_FOLDERS", 20)
    for number in range(100):
        put(tmp_path / f"disk/{number}/x.safetensors")
    put(tmp_path / "models/loras/z/own.safetensors")
    (tmp_path / "models/loras/a").symlink_to(tmp_path / "disk")
    with caplog.at_level(logging.WARNING):
        names = ModelFolders(tmp_path).names("loras")
    assert "z/own.safetensors" in names
    assert len(names) < 20
    assert "more than 20 folders" in caplog.text


def test_links_to_nothing_and_to_themselves_hide_nothing(tmp_path: Path) -> None:
    put(tmp_path / "own.pt")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "lost").symlink_to(tmp_path / "missing")
    assert files_below(tmp_path) == ["lost", "own.pt", "self"]


def test_the_caller_decides_which_folders_are_entered(tmp_path: Path) -> None:
    put(tmp_path / "a/x")
    put(tmp_path / "b/y")
    seen = []
    for folder, folders, _ in walk_folder(tmp_path):
        seen.append(Path(folder).name)
        folders[:] = [name for name in folders if name != "a"]
    assert seen == [tmp_path.name, "b"]
