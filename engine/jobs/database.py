"""One SQLite file, one writing thread, commits shared by whatever waits.

Durability: WAL with synchronous=FULL, so a commit that was answered survives a power cut, not
only a killed process (NORMAL could lose the last commits). The price, one flush per commit, is
shared: everything queued while a flush runs goes into the next transaction.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from engine.errors import EngineError
from engine.faultpoints import reach

T = TypeVar("T")
_Work: TypeAlias = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]

BATCH_LIMIT = 256
CHECK_BYTES = 64 << 20
"""Smaller files are checked at every start, larger ones (0.15 s per 100 MB) after a crash only."""

_FAULTS_OF_WORK = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""What a statement does wrong; all other errors of SQLite are the file's or the disk's."""


class DatabaseError(EngineError):
    """The job database cannot be used; the text says why."""

    code = "database_error"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f'Job database "{path}": {problem}')


class Database:
    """Runs functions over a connection, in order, on a thread of its own."""

    def __init__(self, path: Path, migrations: tuple[str, ...]) -> None:
        self.path = path
        self.set_aside: Path | None = None
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closed = False
        self._suspect = path.with_name(f"{path.name}-suspect")
        self._connection = self._open_or_set_aside(migrations)
        self._thread = threading.Thread(target=self._serve, name="job-database", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; return once it is on disk.

        Raises: what `work` raises, its changes undone; DatabaseError, when SQLite fails or the
            database is closed.
        """
        if self._closed:
            raise DatabaseError(self.path, "it is closed.")
        future: Future[T] = Future()
        self._work.put((work, future))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what is queued and close the file; closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._work.put(None)
        self._thread.join()
        self._connection.close()

    def _open_or_set_aside(self, migrations: tuple[str, ...]) -> sqlite3.Connection:
        """Open the file; a damaged one is kept under another name, never deleted."""
        try:
            return self._open(migrations)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise DatabaseError(self.path, _problem(error)) from error
            self.set_aside = _free_name(f"{self.path}.damaged-{int(time.time())}")
            self.path.rename(self.set_aside)
            for suffix in ("-wal", "-shm"):
                extra = self.path.with_name(self.path.name + suffix)
                if extra.exists():
                    extra.rename(self.set_aside.with_name(self.set_aside.name + suffix))
            return self._open(migrations)

    def _open(self, migrations: tuple[str, ...]) -> sqlite3.Connection:
        # SQLite removes the log when the last connection is closed in good order.
        crashed = self.path.with_name(f"{self.path.name}-wal").exists()
        small = self.path.exists() and self.path.stat().st_size < CHECK_BYTES
        must_check = crashed or small or self._suspect.exists()
        self._suspect.unlink(missing_ok=True)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=0.2
        )
        try:
            # Exclusive: a second server on the same file is told so at once.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            if must_check and connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check found damage")
            self._migrate(connection, migrations)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection, migrations: tuple[str, ...]) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            raise DatabaseError(
                self.path, "it was written by a newer version of Tessera; start that one."
            )
        for number, script in enumerate(migrations[version:], version + 1):
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version={number}; COMMIT;")

    def _serve(self) -> None:
        while (first := self._work.get()) is not None:
            batch = [first]
            while len(batch) < BATCH_LIMIT and not self._work.empty():
                following = self._work.get()
                if following is None:
                    self._work.put(None)
                    break
                batch.append(following)
            self._commit(batch)

    def _commit(self, batch: list[_Work]) -> None:
        """Run a batch in one transaction; each function in a savepoint of its own."""
        # From here on nobody can cancel them, so each gets exactly one answer.
        wanted = [(work, future) for work, future in batch if future.set_running_or_notify_cancel()]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            answers = [self._answer(work) for work, _ in wanted]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.OperationalError):
                self._suspect.touch()  # damage: the next start looks at the whole file
            problem = DatabaseError(self.path, _problem(error))
            for _, future in wanted:
                future.set_exception(problem)
            return
        reach("commit")
        for (_, future), (result, failure) in zip(wanted, answers, strict=True):
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _answer(self, work: Callable[[sqlite3.Connection], Any]) -> tuple[Any, Exception | None]:
        """Return what `work` returns, or what it raises with its changes undone.

        Raises: sqlite3.Error, when the disk or the file fails: then the whole batch does.
        """
        self._connection.execute("SAVEPOINT one")
        try:
            answer: tuple[Any, Exception | None] = (work(self._connection), None)
        except Exception as error:  # handed to the caller, who awaits it
            if isinstance(error, sqlite3.Error) and not isinstance(error, _FAULTS_OF_WORK):
                raise
            self._connection.execute("ROLLBACK TO one")
            answer = (None, error)
        self._connection.execute("RELEASE one")
        return answer


def _free_name(path: str) -> Path:
    """Return a name that no file has: a clock may say twice what time it is."""
    names = itertools.chain([path], (f"{path}-{number}" for number in itertools.count(2)))
    return next(place for place in map(Path, names) if not place.exists())


def _problem(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "it is locked: another server uses it. Stop that one, or use another user directory."
    if "malformed" in str(error):
        return "it is damaged. Start again: it is then kept aside, and a new one is begun."
    if "unable to open" in str(error) or "readonly" in str(error):
        return (
            f"{error}. The server must be able to write to that file and its folder; allow it, or"
            " choose another folder with --user-directory."
        )
    return f"{error}."
