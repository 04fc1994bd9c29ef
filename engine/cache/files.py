"""Content digests of files, remembered so that a checkpoint is read for it once."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TypeAlias

from blake3 import blake3

from engine.cache.database import open_database

_LOG = logging.getLogger(__name__)

_BLOCK_BYTES = 16 << 20
_THREADED_FROM_BYTES = 1 << 20
_FRESH_NS = 2_000_000_000
_ATTEMPTS = 3
_LAYOUT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;
"""

_State: TypeAlias = tuple[int, int, int]
"""(bytes, mtime in ns, inode): while they stay, the content is taken to stay."""


class FileHasher:
    """blake3 digests of files. Safe to call from several threads; processes may share the store.

    Args:
        store: SQLite file that keeps digests over restarts, made when missing; None keeps them in
            memory only. Trouble with it costs time, never a result.
    """

    def __init__(self, store: Path | None = None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, tuple[_State, str]] = {}
        self._database: sqlite3.Connection | None = None

    def digest(self, path: Path) -> str:
        """Return the digest of a file's content as 64 hexadecimal digits.

        A folder's is made of the relative names and digests of all files in it. A file that is
        written while it is read is read again; if that goes on, the digest of what was read is
        returned and not remembered.

        Raises: OSError, when the file cannot be read.
        """
        if path.is_dir():
            return self._digest_of_folder(path)
        name = os.fspath(path.resolve())
        state = _state(path.stat())
        known = self._recall(name, state)
        if known is not None:
            return known
        for _ in range(_ATTEMPTS):
            found, before, after = _hash(path)
            if before == after:
                self._remember(name, after, found)
                break
        return found

    def _digest_of_folder(self, folder: Path) -> str:
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        listing = [(name, self.digest(path)) for name, path in sorted(files.items())]
        digest: str = blake3(json.dumps(listing).encode()).hexdigest()
        return digest

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _recall(self, name: str, state: _State) -> str | None:
        with self._lock:
            known = self._known.get(name)
            if known is None:
                known = self._known_to_store(name)
                if known is not None:
                    self._known[name] = known
            return known[1] if known is not None and known[0] == state else None

    def _remember(self, name: str, state: _State, digest: str) -> None:
        # Timestamps are coarse: a write that follows within one tick would leave no trace.
        if abs(time.time_ns() - state[1]) < _FRESH_NS:
            return
        with self._lock:
            self._known[name] = state, digest
            try:
                database = self._open()
                if database is not None:
                    row = (name, *state, digest)
                    database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)

    def _known_to_store(self, name: str) -> tuple[_State, str] | None:
        query = "SELECT size, mtime_ns, inode, digest FROM files WHERE path = ?"
        try:
            database = self._open()
            row = database.execute(query, (name,)).fetchone() if database is not None else None
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)
            return None
        if row is None:
            return None
        size, mtime_ns, inode, digest = row
        return (size, mtime_ns, inode), digest

    def _open(self) -> sqlite3.Connection | None:
        if self._database is None and self._store is not None:
            self._database = open_database(self._store, _SCHEMA, _LAYOUT)
        return self._database

    def _give_up(self, error: Exception) -> None:
        _LOG.warning("File digests are not kept in %s: %s", self._store, error)
        self._store = self._database = None


def _state(stat: os.stat_result) -> _State:
    # SQLite integers are signed 64-bit; inodes may use all 64 bits.
    return stat.st_size, stat.st_mtime_ns, stat.st_ino & (1 << 63) - 1


def _hash(path: Path) -> tuple[str, _State, _State]:
    """Return the digest and the file's state before and after reading.

    Read in blocks, not memory-mapped: a file cut short by its writer would end the process.
    """
    with path.open("rb", buffering=0) as file:
        before = _state(os.fstat(file.fileno()))
        threads = blake3.AUTO if before[0] >= _THREADED_FROM_BYTES else 1
        hasher = blake3(max_threads=threads)
        block = memoryview(bytearray(min(_BLOCK_BYTES, before[0] + 1)))
        while size := file.readinto(block):
            hasher.update(block[:size])
        # By name: a file replaced meanwhile is another file.
        return hasher.hexdigest(), before, _state(path.stat())
