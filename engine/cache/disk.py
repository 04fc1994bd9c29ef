"""DiskTier: results that survive restarts, bounded in bytes, written in the background.

An entry is one file named by its digest, complete and checksummed or absent: it is written under
a temporary name, flushed to the device (`fsync`) and renamed. The flush is paid in a background
thread, and without it a power failure could leave renamed but empty files, each a wasted read.
The directory is not flushed: a rename lost with the power is a miss, no more.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.cache.codec import (
    HEAD_BYTES,
    BadEntryError,
    Stored,
    UnstorableValueError,
    decode,
    encode,
    read_seconds,
)
from engine.cache.disk_index import DiskIndex
from engine.cache.store import Entry
from engine.faultpoints import reach

_LOG = logging.getLogger(__name__)

_QUEUED_ENTRIES = 256
_QUEUED_BYTES = 1 << 30
_TOUCHED_ENTRIES = 4096
_READ_LATENCY_S = 0.01
_READ_BYTES_PER_S = 500e6  # a SATA disk; replaced by what reads really take
_MEASURED_FROM_BYTES = 1 << 20
_STALE_TEMPORARY_S = 3600.0


class DiskTier:
    """Entries by digest under one directory, shared by processes. For any thread.

    Only what took longer to compute than reading it back would take is stored. Trouble with the
    disk stops the tier with one warning (`problem`) and never reaches a run.

    Args:
        root: Made when missing; nothing else may be kept in it.
        max_bytes: Bound on the entries' file sizes.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        if max_bytes < 0:
            raise ValueError(f"DiskTier: max_bytes must be at least 0, got {max_bytes}")
        self.max_bytes = max_bytes
        self.problem = ""
        self._root = root
        self._bytes_per_s = _READ_BYTES_PER_S
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[Entry, int]] = {}
        self._touches: Counter[str] = Counter()
        self._size = (0, 0)
        self._jobs: queue.Queue[Callable[[DiskIndex], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="disk-cache", daemon=True)
        self._thread.start()

    def peek(self, digest: str) -> tuple[float, int] | None:
        """Return (seconds it took, bytes) of an entry, or None; only its head is checked."""
        try:
            with self._path(digest).open("rb") as file:
                seconds = read_seconds(file.read(HEAD_BYTES))
                return seconds, os.fstat(file.fileno()).st_size
        except OSError:
            return None
        except BadEntryError as error:
            self._discard(digest, error)
            return None

    def get(self, digest: str) -> Stored | None:
        """Return an entry, or None. A damaged one is removed."""
        path = self._path(digest)
        started = time.perf_counter()
        try:
            raw = path.read_bytes()
            stored = decode(raw)
        except OSError:
            return None
        except BadEntryError as error:
            self._discard(digest, error)
            return None
        if len(raw) >= _MEASURED_FROM_BYTES:
            measured = len(raw) / max(time.perf_counter() - started, 1e-6)
            self._bytes_per_s += (measured - self._bytes_per_s) / 4
        self.touch(digest)
        return stored

    def put(self, digest: str, entry: Entry, size_bytes: int) -> None:
        """Write an entry soon, if it is worth it; let it be when the writer is far behind."""
        if self.problem or size_bytes > self.max_bytes:
            return
        if entry.seconds <= _READ_LATENCY_S + size_bytes / self._bytes_per_s:
            return
        with self._lock:
            queued = sum(size for _, size in self._pending.values())
            behind = len(self._pending) >= _QUEUED_ENTRIES or queued + size_bytes > _QUEUED_BYTES
            if digest in self._pending or (behind and self._pending):
                return
            self._pending[digest] = entry, size_bytes
        self._submit(lambda index: self._write(index, digest))

    def touch(self, digest: str) -> None:
        """Count a use of an entry, if it is there."""
        with self._lock:
            self._touches[digest] += 1
            many = len(self._touches) >= _TOUCHED_ENTRIES
        if many:
            self._submit(self._count_uses)

    def size(self) -> tuple[int, int]:
        """Return (entries, bytes) as of the last write."""
        return self._size

    def flush(self) -> None:
        """Wait until everything put so far is written or given up."""
        self._submit(self._count_uses)
        self._jobs.join()

    def clear(self) -> None:
        """Remove every entry."""
        self._submit(lambda index: self._delete(index, [*index.digests(), *self._files()]))
        self.flush()

    def close(self) -> None:
        """Write what is queued and stop the thread; the tier then stores nothing more."""
        if self._thread.is_alive():
            self.flush()
            self._jobs.put(None)
            self._thread.join()

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]

    def _discard(self, digest: str, error: BadEntryError) -> None:
        path = self._path(digest)
        _LOG.warning("%s %s is removed.", error, path)
        with suppress(OSError):  # if it stays, it stays a miss
            path.unlink()
        self._submit(lambda index: self._forget(index, digest))

    def _submit(self, job: Callable[[DiskIndex], None]) -> None:
        if self._thread.is_alive():
            self._jobs.put(job)

    # --- in the thread ---------------------------------------------------------------------

    def _work(self) -> None:
        index = self._start()
        while (job := self._jobs.get()) is not None:
            if index is not None and not self.problem:
                self._attempt(job, index)
            self._jobs.task_done()
        self._jobs.task_done()
        if index is not None:
            index.close()

    def _attempt(self, job: Callable[[DiskIndex], None], index: DiskIndex) -> None:
        try:
            job(index)
            self._size = index.size()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                _LOG.info("The result cache in %s is busy; one entry is not kept.", self._root)
            else:
                self._stop(error)
        except (OSError, sqlite3.Error) as error:
            self._stop(error)
        except Exception as error:  # noqa: BLE001  a thread's edge: runs go on without the disk
            _LOG.exception("The result cache in %s met an unexpected error.", self._root)
            self._stop(error)

    def _start(self) -> DiskIndex | None:
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            index = DiskIndex(self._root / "index.sqlite3")
        except (OSError, sqlite3.Error) as error:
            self._stop(error)
            return None
        self._attempt(self._reconcile, index)
        return index

    def _stop(self, error: Exception) -> None:
        self.problem = f"{type(error).__name__}: {error}"
        _LOG.warning("The result cache in %s stores no more until restart: %s", self._root, error)
        with self._lock:
            self._pending.clear()

    def _files(self) -> dict[str, Path]:
        found = self._root.glob("[0-9a-f][0-9a-f]/*")
        return {path.parent.name + path.name: path for path in found}

    def _reconcile(self, index: DiskIndex) -> None:
        """Bring the index in line with the files and remove what crashed writers left."""
        files = self._files()
        known = index.digests()
        index.remove(known - files.keys())
        for digest in files.keys() - known:
            found = self.peek(digest)
            if found is None:
                continue
            seconds, size_bytes = found
            self._unlink(index.add(digest, size_bytes, seconds, self.max_bytes))
        self._unlink(index.shrink(self.max_bytes))
        for path in self._root.glob("*.tmp"):
            with suppress(FileNotFoundError):  # its writer has just finished
                if time.time() - path.stat().st_mtime > _STALE_TEMPORARY_S:
                    path.unlink()

    def _write(self, index: DiskIndex, digest: str) -> None:
        entry, _ = self._pending[digest]
        try:
            if self.peek(digest) is None:
                self._write_file(index, digest, encode(entry), entry.seconds)
        except UnstorableValueError as error:
            _LOG.debug("%s", error)
        finally:
            with self._lock:
                self._pending.pop(digest, None)

    def _write_file(self, index: DiskIndex, digest: str, raw: bytes, seconds: float) -> None:
        path = self._path(digest)
        temporary = self._root / f"{uuid.uuid4().hex}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            self._count_uses(index)
            # Room is made before the rename, so that the bound holds at every moment.
            gone = index.add(digest, len(raw), seconds, self.max_bytes)
            self._unlink(gone)
            if digest not in gone:
                path.parent.mkdir(exist_ok=True)
                reach("cache-rename")
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _count_uses(self, index: DiskIndex) -> None:
        with self._lock:
            touches, self._touches = self._touches, Counter()
        index.touch(touches)

    def _forget(self, index: DiskIndex, digest: str) -> None:
        if not self._path(digest).exists():  # it may have been computed and written again
            index.remove([digest])

    def _delete(self, index: DiskIndex, digests: list[str]) -> None:
        index.remove(digests)
        self._unlink(digests)

    def _unlink(self, digests: list[str]) -> None:
        for digest in digests:
            self._path(digest).unlink(missing_ok=True)
