"""Small SQLite files that several processes share and that may be lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

_BUSY_TIMEOUT_S = 5.0


def open_database(path: Path, schema: str, layout: int) -> sqlite3.Connection:
    """Open a database in autocommit mode, usable from any thread that holds the owner's lock.

    A file that is no database, is damaged, or has another layout is replaced by an empty one:
    what is kept in these files can be found out again.

    Args:
        schema: Statements that make the tables where they are missing.
        layout: Number of the schema; change it with the schema.

    Raises: OSError, sqlite3.Error, when the file cannot be made or stays locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, schema, layout)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    return _open(path, schema, layout)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell damage of the file from passing trouble (locks, a full disk)."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, None)


def _open(path: Path, schema: str, layout: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        # WAL: readers and one writer side by side. NORMAL: the file stays sound after a crash;
        # the last commits may be lost in a power failure, which costs time and no result.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, layout):
            raise sqlite3.DatabaseError(f"{path}: layout {found}, expected {layout}")
        connection.executescript(schema)
        connection.execute(f"PRAGMA user_version = {layout:d}")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.close()
        raise
    return connection
