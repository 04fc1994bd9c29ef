"""Which entries are on disk, how large and how dear: an SQLite file beside them.

It is a helper, not the truth: an entry is found by its file name alone, and the index is brought
in line with the files at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache.database import open_database
from engine.cache.policy import worth

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAYOUT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    uses INTEGER NOT NULL,
    priority REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_priority ON entries (priority);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO state VALUES ('age', 0.0);
"""


class DiskIndex:
    """Sizes and priorities, shared by processes; for one thread. The policy is `GreedyDual`'s.

    Every method raises sqlite3.Error when the file is damaged, locked for seconds, or cannot grow.
    """

    def __init__(self, path: Path) -> None:
        self._database = open_database(path, _SCHEMA, _LAYOUT)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def size(self) -> tuple[int, int]:
        """Return (entries, bytes)."""
        query = "SELECT count(*), coalesce(sum(bytes), 0) FROM entries"
        entries, size = self._database.execute(query).fetchone()
        return int(entries), int(size)

    def digests(self) -> set[str]:
        """Return all digests."""
        return {digest for (digest,) in self._database.execute("SELECT digest FROM entries")}

    def add(self, digest: str, size_bytes: int, seconds: float, max_bytes: int) -> list[str]:
        """Add an entry and make room for it; return the digests that must go, perhaps its own."""
        with self._transaction():
            row = (digest, size_bytes, seconds, self._age() + worth(seconds, 1, size_bytes))
            self._database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, 1, ?)", row)
            return self._shrink(max_bytes)

    def shrink(self, max_bytes: int) -> list[str]:
        """Remove least worth entries until the rest fits; return the removed digests."""
        with self._transaction():
            return self._shrink(max_bytes)

    def touch(self, uses: Mapping[str, int]) -> None:
        """Count further uses of entries; digests that are not there are ignored."""
        with self._transaction():
            age = self._age()
            self._database.executemany(
                "UPDATE entries SET uses = uses + ?, "
                "priority = ? + (uses + ?) * seconds / max(bytes, 1) WHERE digest = ?",
                [(count, age, count, digest) for digest, count in uses.items()],
            )

    def remove(self, digests: Iterable[str]) -> None:
        """Remove entries, if they are there."""
        with self._transaction():
            rows = [(digest,) for digest in digests]
            self._database.executemany("DELETE FROM entries WHERE digest = ?", rows)

    def _shrink(self, max_bytes: int) -> list[str]:
        _, size = self.size()
        gone: list[str] = []
        rows = self._database.execute(
            "SELECT digest, bytes, priority FROM entries ORDER BY priority"
        )
        for digest, size_bytes, priority in rows if size > max_bytes else ():
            if size <= max_bytes:
                break
            gone.append(digest)
            size -= size_bytes
            self._database.execute("UPDATE state SET value = max(value, ?)", (priority,))
        rows.close()
        self._database.executemany("DELETE FROM entries WHERE digest = ?", [(d,) for d in gone])
        return gone

    def _age(self) -> float:
        (age,) = self._database.execute("SELECT value FROM state WHERE name = 'age'").fetchone()
        return float(age)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
