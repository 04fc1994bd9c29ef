"""Previews go after a week; nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.imaging.previews import KEPT_S, remove_old_previews

NOW_S = 1e9


def made(path: Path, age_s: float) -> Path:
    path.touch()
    os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return path


def test_old_previews_are_removed_and_newer_ones_stay(tmp_path: Path) -> None:
    old = [
        made(tmp_path / "ComfyUI_temp_abcde_00001_.png", KEPT_S + 1),
        made(tmp_path / "pack_temp_zzzzz_123456_.webp", KEPT_S * 9),
    ]
    new = made(tmp_path / "ComfyUI_temp_abcde_00002_.png", KEPT_S - 1)
    ahead = made(tmp_path / "ComfyUI_temp_abcde_00003_.png", -KEPT_S)  # of a clock that went wrong
    assert remove_old_previews(tmp_path, NOW_S) == 2
    assert not any(path.exists() for path in old)
    assert new.exists()
    assert ahead.exists()


@pytest.mark.parametrize(
    "name",
    [
        "holiday.png",
        "my_temp_file.png",
        "ComfyUI_temp_abcde_00001_.png.bak",
        "a_temp_ab_00001_.png",
    ],
)
def test_other_files_stay_however_old_they_are(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name, KEPT_S * 99)
    assert remove_old_previews(tmp_path, NOW_S) == 0
    assert path.exists()


def test_links_and_folders_stay(tmp_path: Path) -> None:
    target = made(tmp_path / "kept.png", KEPT_S * 2)
    link = tmp_path / "ComfyUI_temp_abcde_00001_.png"
    link.symlink_to(target)
    folder = tmp_path / "ComfyUI_temp_abcde_00002_.png"
    folder.mkdir()
    os.utime(folder, (0, 0))
    assert remove_old_previews(tmp_path, NOW_S) == 0
    assert link.is_symlink()
    assert folder.is_dir()
    assert target.exists()
