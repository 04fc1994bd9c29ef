from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cache import disk as disk_module
from engine.cache.codec import encode
from engine.cache.disk import DiskTier
from engine.cache.store import Entry
from tests.cache.cache_samples import make_entry, make_key

OpenTier = Callable[..., DiskTier]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "user" / "results"


@pytest.fixture
def open_tier(root: Path) -> Iterator[OpenTier]:
    """Opens tiers on one directory, closed at the end."""
    opened: list[DiskTier] = []

    def open_(max_bytes: int = 10**7) -> DiskTier:
        opened.append(DiskTier(root, max_bytes))
        opened[-1].flush()
        return opened[-1]

    yield open_
    for tier in opened:
        tier.close()


def digest(name: object) -> str:
    return str(make_key(name).digest)


def put(tier: DiskTier, name: object, entry: Entry) -> None:
    tier.put(digest(name), entry, 4 * 1000)
    tier.flush()


def entry_files(root: Path) -> list[Path]:
    return [path for path in root.glob("??/*") if path.is_file()]


def bytes_on_disk(root: Path) -> int:
    return sum(path.stat().st_size for path in entry_files(root))


def has(tier: DiskTier, name: object) -> bool:
    return tier.get(digest(name)) is not None


def test_entries_survive_a_restart(open_tier: OpenTier) -> None:
    first = open_tier()
    put(first, "a", make_entry(seconds=3, fill=1.5))
    first.close()
    stored = open_tier().get(digest("a"))
    assert stored is not None
    entry, _ = stored
    assert torch.equal(entry.outputs[0][0], torch.full((1000,), 1.5))
    assert entry.seconds == 3


def test_closing_writes_what_is_queued(open_tier: OpenTier) -> None:
    first = open_tier()
    for i in range(20):
        first.put(digest(i), make_entry(), 4000)
    first.close()
    assert open_tier().size()[0] == 20


def test_only_what_is_dearer_than_reading_is_stored(open_tier: OpenTier) -> None:
    tier = open_tier()
    put(tier, "trivial", make_entry(seconds=0.002))
    tier.put(digest("large"), make_entry(seconds=0.015), 10**8)
    tier.flush()
    assert tier.size() == (0, 0)
    put(tier, "dear", make_entry(seconds=0.1))
    assert tier.size()[0] == 1


def test_the_bound_holds_and_the_least_worth_goes(open_tier: OpenTier, root: Path) -> None:
    tier = open_tier(max_bytes=25_000)
    put(tier, "treasure", make_entry(seconds=500))
    for i in range(30):
        put(tier, i, make_entry(seconds=1))
        assert bytes_on_disk(root) <= 25_000
        assert tier.size() == (len(entry_files(root)), bytes_on_disk(root))
    assert has(tier, "treasure")
    assert has(tier, 29)
    assert not has(tier, 0)


def test_what_is_used_stays_longer(open_tier: OpenTier) -> None:
    tier = open_tier(max_bytes=3 * 4300)
    for name in "abc":
        put(tier, name, make_entry())
    for _ in range(3):
        assert has(tier, "a")
    put(tier, "d", make_entry(seconds=1.5))
    assert has(tier, "a")
    assert not has(tier, "b")


def test_a_smaller_bound_after_a_restart_is_kept(open_tier: OpenTier, root: Path) -> None:
    first = open_tier()
    for i in range(10):
        put(first, i, make_entry())
    first.close()
    open_tier(max_bytes=10_000)
    assert bytes_on_disk(root) <= 10_000


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign"])
def test_a_damaged_entry_is_a_miss_and_removed(
    open_tier: OpenTier, root: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    tier = open_tier()
    put(tier, "a", make_entry())
    (path,) = entry_files(root)
    raw = path.read_bytes()
    flipped = raw[:2000] + bytes([raw[2000] ^ 1]) + raw[2001:]
    path.write_bytes(
        {"flip": flipped, "cut": raw[:100], "empty": b"", "foreign": b"GIF89a"}[damage]
    )
    assert not has(tier, "a")
    tier.flush()
    assert entry_files(root) == []
    assert tier.size() == (0, 0)
    put(tier, "a", make_entry())
    assert has(tier, "a")


@pytest.mark.parametrize("damage", [None, b"", b"not a database" * 100])
def test_a_lost_index_is_rebuilt(open_tier: OpenTier, root: Path, damage: bytes | None) -> None:
    first = open_tier()
    for i in range(5):
        put(first, i, make_entry(seconds=1 + i))
    size = first.size()
    first.close()
    index = root / "index.sqlite3"
    index.unlink() if damage is None else index.write_bytes(damage)
    second = open_tier()
    assert second.size() == size
    assert all(has(second, i) for i in range(5))


def test_an_index_of_another_layout_is_rebuilt(open_tier: OpenTier, root: Path) -> None:
    first = open_tier()
    put(first, "a", make_entry())
    first.close()
    database = sqlite3.connect(root / "index.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    assert open_tier().size()[0] == 1


def test_files_and_index_that_disagree_are_reconciled(open_tier: OpenTier, root: Path) -> None:
    first = open_tier()
    put(first, "lost", make_entry())
    put(first, "kept", make_entry())
    first.close()
    (root / digest("lost")[:2] / digest("lost")[2:]).unlink()
    orphan = root / digest("orphan")[:2] / digest("orphan")[2:]
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(encode(make_entry()))
    stray = root / "ab" / "stray"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"no entry")
    second = open_tier()
    assert second.size()[0] == 2
    assert has(second, "orphan")
    assert not stray.exists()


@pytest.mark.e2e
def test_a_crash_between_write_and_rename_leaves_no_entry(
    open_tier: OpenTier, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, sys; from pathlib import Path; from engine.cache.disk import DiskTier;"
        "from tests.cache.cache_samples import make_entry, make_key;"
        "Path.replace = lambda self, target: os._exit(9);"
        "tier = DiskTier(Path(sys.argv[1]), 10**7);"
        "tier.put(make_key('a').digest, make_entry(), 4000); tier.flush()"
    )
    environment = {**os.environ, "PYTHONPATH": os.curdir}
    crashed = subprocess.run([sys.executable, "-c", code, str(root)], env=environment, check=False)
    assert crashed.returncode == 9
    (left,) = root.glob("*.tmp")
    tier = open_tier()
    assert not has(tier, "a")
    assert tier.size() == (0, 0)
    assert left.exists()  # it may belong to a process that is alive
    tier.close()
    os.utime(left, (time.time() - 7200,) * 2)
    assert open_tier().size() == (0, 0)
    assert not left.exists()


@pytest.mark.e2e
def test_two_processes_share_one_directory(open_tier: OpenTier, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from engine.cache.disk import DiskTier;"
        "from tests.cache.cache_samples import make_entry, make_key\n"
        "tier = DiskTier(Path(sys.argv[1]), 60_000)\n"
        "for i in range(40):\n"
        "    tier.put(make_key(i % 25).digest, make_entry(fill=i % 25), 4000)\n"
        "    tier.get(make_key((i * 7) % 25).digest)\n"
        "tier.close(); sys.exit(bool(tier.problem))"
    )
    environment = {**os.environ, "PYTHONPATH": os.curdir}
    command = [sys.executable, "-c", code, str(root)]
    writers = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0]
    tier = open_tier(max_bytes=60_000)
    assert 0 < bytes_on_disk(root) <= 60_000
    assert tier.size() == (len(entry_files(root)), bytes_on_disk(root))
    for i in range(25):
        stored = tier.get(digest(i))
        assert stored is None or float(stored[0].outputs[0][0][0]) == i


def test_a_full_disk_stops_the_tier_with_one_warning(
    open_tier: OpenTier,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tier = open_tier()
    put(tier, "before", make_entry())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for i in range(5):
        put(tier, i, make_entry())
    monkeypatch.undo()
    put(tier, "after", make_entry())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "No space left" in tier.problem
    assert has(tier, "before")
    assert not has(tier, "after")
    assert list(root.glob("*.tmp")) == []


def test_an_unexpected_error_in_the_writer_stops_the_tier_only(
    open_tier: OpenTier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tier = open_tier()

    def broken(entry: Entry) -> bytes:
        raise RuntimeError("the device is lost")

    monkeypatch.setattr(disk_module, "encode", broken)
    put(tier, "a", make_entry())
    put(tier, "b", make_entry())
    assert "the device is lost" in tier.problem


def test_a_directory_that_cannot_be_made_stops_the_tier(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    tier = DiskTier(tmp_path / "file" / "results", 1000)
    put(tier, "a", make_entry())
    assert tier.problem
    assert tier.get(digest("a")) is None
    tier.clear()
    tier.close()


def test_what_cannot_be_stored_is_passed_over(open_tier: OpenTier) -> None:
    tier = open_tier()
    put(tier, "odd", Entry(([object()],), seconds=5))
    put(tier, "plain", make_entry())
    assert tier.size()[0] == 1
    assert tier.problem == ""


def test_a_writer_far_behind_passes_entries_over(
    open_tier: OpenTier, monkeypatch: pytest.MonkeyPatch
) -> None:
    tier = open_tier()
    monkeypatch.setattr(disk_module, "_QUEUED_BYTES", 10_000)
    may_write = threading.Event()
    at_once: Any = encode

    def once_allowed(entry: Entry) -> bytes:
        may_write.wait()
        return bytes(at_once(entry))

    monkeypatch.setattr(disk_module, "encode", once_allowed)
    try:
        for i in range(100):
            tier.put(digest(i), make_entry(), 4000)  # would not return if it waited
    finally:
        may_write.set()
    tier.flush()
    assert [has(tier, i) for i in range(100)] == [True] * 2 + [False] * 98


def test_clear_removes_every_entry(open_tier: OpenTier, root: Path) -> None:
    tier = open_tier()
    for i in range(5):
        put(tier, i, make_entry())
    tier.clear()
    assert entry_files(root) == []
    assert tier.size() == (0, 0)
    put(tier, "new", make_entry())
    assert has(tier, "new")


def test_a_closed_tier_stores_nothing_and_does_not_wait(open_tier: OpenTier) -> None:
    tier = open_tier()
    tier.close()
    tier.close()
    put(tier, "a", make_entry())
    tier.clear()
    assert not has(tier, "a")
