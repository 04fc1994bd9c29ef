"""The one kind of archive that is read: .ckpt files, which are zip archives of torch.save.

Nothing is ever unpacked to disk by a member's name: torch reads members into memory, in the
throw-away process of `pickles`. Archives sent over the network are files like others.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from engine.errors import FileFormatError
from engine.models.reading import open_weights

NAMES = ["../evil.txt", "../../evil.txt", "/srv/tessera-evil.txt", "..\\evil.txt", "C:\\evil.txt"]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def repacked(source: Path, target: Path, prefix: str = "", how: int = zipfile.ZIP_STORED) -> None:
    """Write a zip archive anew, with its members under other names or compressed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", how) as new:
        for member in old.infolist():
            new.writestr(f"{prefix}{member.filename}", old.read(member), how)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "a.ckpt"
    path.parent.mkdir()
    torch.save({"w": torch.ones(2)}, path)
    return path


def assert_refused_without_a_trace(checkpoint: Path, root: Path) -> None:
    before = files_below(root)
    with pytest.raises(FileFormatError) as caught:
        open_weights(checkpoint, checkpoint.parent / "made")
    assert "\n" not in str(caught.value)
    assert files_below(root) == before
    assert not Path("/srv/tessera-evil.txt").exists()


@pytest.mark.parametrize("name", NAMES)
def test_zip_slip_an_archive_with_members_elsewhere_is_refused(
    checkpoint: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(checkpoint, "a") as archive:
        archive.writestr(name, b"evil")
    assert_refused_without_a_trace(checkpoint, tmp_path)


@pytest.mark.parametrize("prefix", ["../", "/srv/"])
def test_zip_slip_weights_whose_own_names_lead_out_are_refused(
    checkpoint: Path, tmp_path: Path, prefix: str
) -> None:
    bad = checkpoint.with_name("bad.ckpt")
    repacked(checkpoint, bad, prefix)
    assert_refused_without_a_trace(bad, tmp_path)


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(64 << 20, dtype=torch.uint8)}, tmp_path / "large.pt")
    bomb = tmp_path / "bomb.ckpt"
    repacked(tmp_path / "large.pt", bomb, how=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 1 << 20
    assert_refused_without_a_trace(bomb, tmp_path)
