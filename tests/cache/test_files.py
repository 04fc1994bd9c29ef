from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import blake3
import pytest

from engine.cache import files as files_module
from engine.cache.files import FileHasher


class Reads:
    """Counts how often files are really read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        original = files_module._hash

        def counted(path: Path) -> object:
            self.count += 1
            return original(path)

        monkeypatch.setattr(files_module, "_hash", counted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def write(path: Path, content: bytes, age_s: float = 60) -> Path:
    path.write_bytes(content)
    when = time.time() - age_s
    os.utime(path, (when, when))
    return path


@pytest.mark.parametrize("size", [0, 1, 1000, (16 << 20) + 7])
def test_the_digest_is_the_contents(tmp_path: Path, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    path = write(tmp_path / "model.safetensors", content[:size])
    assert FileHasher().digest(path) == blake3.blake3(content[:size]).hexdigest()


def test_a_file_is_read_once(tmp_path: Path, reads: Reads) -> None:
    path, hasher = write(tmp_path / "a", b"one"), FileHasher()
    assert hasher.digest(path) == hasher.digest(path)
    assert reads.count == 1


def test_other_content_under_the_same_name_has_another_digest(tmp_path: Path, reads: Reads) -> None:
    path, hasher = write(tmp_path / "a", b"one"), FileHasher(tmp_path / "digests.sqlite3")
    before = hasher.digest(path)
    write(path, b"two", age_s=30)
    assert hasher.digest(path) != before
    hasher.close()


def test_a_file_put_in_place_of_another_is_read_again(tmp_path: Path) -> None:
    path, hasher = write(tmp_path / "a", b"one"), FileHasher()
    before, stat = hasher.digest(path), path.stat()
    other = write(tmp_path / "b", b"two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)
    assert hasher.digest(path) != before


def test_digests_survive_a_restart(tmp_path: Path, reads: Reads) -> None:
    path, store = write(tmp_path / "a", b"one"), tmp_path / "user" / "digests.sqlite3"
    for _ in range(3):
        hasher = FileHasher(store)
        assert hasher.digest(path) == blake3.blake3(b"one").hexdigest()
        hasher.close()
    assert reads.count == 1


def test_a_file_just_written_is_not_remembered(tmp_path: Path, reads: Reads) -> None:
    path, hasher = tmp_path / "a", FileHasher()
    for content in (b"one", b"two"):
        write(path, content, age_s=0)
        assert hasher.digest(path) == blake3.blake3(content).hexdigest()
    assert reads.count == 2


def test_a_date_in_the_future_is_remembered(tmp_path: Path, reads: Reads) -> None:
    path, hasher = write(tmp_path / "a", b"one", age_s=-9999), FileHasher()
    hasher.digest(path)
    hasher.digest(path)
    assert reads.count == 1


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hasher = write(tmp_path / "a", b"one"), FileHasher()
    original, ages = files_module._hash, [30.0]

    def disturbed(path: Path) -> tuple[str, tuple[int, int, int], tuple[int, int, int]]:
        digest, before, after = original(path)
        if ages:
            write(path, b"two", age_s=ages.pop())
            after = files_module._state(path.stat())
        return digest, before, after

    monkeypatch.setattr(files_module, "_hash", disturbed)
    assert hasher.digest(path) == blake3.blake3(b"two").hexdigest()


def test_a_file_that_never_rests_is_never_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hasher = write(tmp_path / "a", b"one"), FileHasher()
    original, count = files_module._hash, 0

    def disturbed(path: Path) -> tuple[str, tuple[int, int, int], tuple[int, int, int]]:
        nonlocal count
        count += 1
        digest, before, after = original(path)
        return digest, before, (after[0] + 1, *after[1:])

    monkeypatch.setattr(files_module, "_hash", disturbed)
    hasher.digest(path)
    hasher.digest(path)
    assert count == 6


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100])
def test_a_damaged_store_is_replaced(tmp_path: Path, damage: bytes, reads: Reads) -> None:
    path, store = write(tmp_path / "a", b"one"), write(tmp_path / "digests.sqlite3", damage)
    for _ in range(2):
        hasher = FileHasher(store)
        assert hasher.digest(path) == blake3.blake3(b"one").hexdigest()
        hasher.close()
    assert reads.count == 1


def test_a_store_that_cannot_be_made_costs_only_time(
    tmp_path: Path, reads: Reads, caplog: pytest.LogCaptureFixture
) -> None:
    path, in_the_way = write(tmp_path / "a", b"one"), write(tmp_path / "file", b"")
    hasher = FileHasher(in_the_way / "digests.sqlite3")
    assert hasher.digest(path) == hasher.digest(path)
    assert reads.count == 1
    assert len(caplog.records) == 1


def test_a_folder_is_known_by_all_its_files(tmp_path: Path, reads: Reads) -> None:
    folder, hasher = tmp_path / "model", FileHasher()
    (folder / "unet").mkdir(parents=True)
    write(folder / "index.json", b"{}")
    weights = write(folder / "unet" / "weights", b"one")
    before = hasher.digest(folder)
    assert hasher.digest(folder) == before
    assert reads.count == 2
    write(weights, b"two", age_s=30)
    changed = hasher.digest(folder)
    weights.rename(folder / "unet" / "moved")
    assert len({before, changed, hasher.digest(folder)}) == 3


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileHasher().digest(tmp_path / "gone")


def test_threads_may_share_it(tmp_path: Path) -> None:
    paths = [write(tmp_path / str(i), b"%d" % i) for i in range(20)]
    hasher = FileHasher(tmp_path / "digests.sqlite3")
    found: list[list[str]] = []

    def work() -> None:
        found.append([hasher.digest(path) for path in paths])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hasher.close()
    assert len(found) == 4
    assert len({tuple(digests) for digests in found}) == 1


@pytest.mark.e2e
def test_processes_may_share_the_store(tmp_path: Path) -> None:
    for i in range(30):
        write(tmp_path / f"model{i}", b"%d" % i)
    code = (
        "import sys; from pathlib import Path; from engine.cache.files import FileHasher\n"
        "root = Path(sys.argv[1]); hasher = FileHasher(root / 'digests.sqlite3')\n"
        "print(*[hasher.digest(path) for path in sorted(root.glob('model*'))]); hasher.close()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=300)[0].split() for process in both]
    expected = [blake3.blake3(p.read_bytes()).hexdigest() for p in sorted(tmp_path.glob("model*"))]
    assert answers == [expected, expected]
