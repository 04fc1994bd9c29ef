"""Files that are being written are nobody's when their writer is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.unfinished import remove_abandoned, unfinished

ROOT = Path(__file__).resolve().parents[1]
LEFT = f".{'0' * 32}.part"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there files cannot be locked so")


def test_a_file_is_gone_when_it_was_not_renamed(tmp_path: Path) -> None:
    with unfinished(tmp_path) as path:
        path.write_bytes(b"half")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_renamed_stays(tmp_path: Path) -> None:
    with unfinished(tmp_path) as path:
        path.write_bytes(b"whole")
        path.replace(tmp_path / "a.png")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"whole"]


def test_a_folder_that_takes_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), unfinished(tmp_path / "missing"):
        pass


def test_what_is_left_is_removed_at_any_depth_and_nothing_else(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    others = [tmp_path / "a.part", deep / ".hidden", tmp_path / ".0.part", deep / "a.png"]
    for path in (tmp_path / LEFT, deep / LEFT, *others):
        path.write_bytes(b"x")
    assert remove_abandoned(tmp_path) == 2
    assert all(path.exists() for path in others)
    assert remove_abandoned(tmp_path) == 0


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / LEFT).write_bytes(b"x")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    (root / f".{'1' * 32}.part").symlink_to(outside / "a.png")
    assert remove_abandoned(root) == 0
    assert (outside / LEFT).exists()


def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    with unfinished(tmp_path) as path:
        assert remove_abandoned(tmp_path) == 0
        assert path.exists()


def test_what_another_process_writes_is_left_until_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from engine.unfinished import unfinished\n"
        "with unfinished(Path(sys.argv[1])) as path:\n"
        "    print(path, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        path = Path(writer.stdout.readline().strip())
        assert remove_abandoned(tmp_path) == 0
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    assert path.exists()
    assert remove_abandoned(tmp_path) == 1
