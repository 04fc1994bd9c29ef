"""The truth about jobs: every change is on disk before it is answered.

A job is queued, then running, then history; it is taken up again after a crash, and failed after
its second worker died. Each finished node's output is written as it comes, keyed by job and node,
so that history shows it once however often the job was taken up.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.jobs.database import Database
from engine.jobs.model import Job, JobState, Message, NodeOutput

MAX_DEATHS = 2
_SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")

_MIGRATIONS = (
    """
    CREATE TABLE job (
        id TEXT PRIMARY KEY, number REAL NOT NULL, state TEXT NOT NULL,
        prompt BLOB NOT NULL, outputs BLOB NOT NULL, extra_data BLOB NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0, worker TEXT,
        submitted_ms INTEGER, started_ms INTEGER, finished_ms INTEGER,
        finished_seq INTEGER, error TEXT
    ) WITHOUT ROWID;
    CREATE INDEX job_by_state ON job (state, number);
    CREATE INDEX job_by_finish ON job (finished_seq) WHERE finished_seq IS NOT NULL;
    CREATE TABLE output (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        node_id TEXT NOT NULL, ui BLOB NOT NULL, meta BLOB NOT NULL,
        PRIMARY KEY (job_id, node_id)
    ) WITHOUT ROWID;
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        type TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX message_by_job ON message (job_id, seq);
    """,
)


class JobExistsError(EngineError):
    """A prompt id was used before; ids are never used again."""

    code = "job_exists"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f'A job with the id "{job_id}" exists already.')


class JobStore:
    """Jobs in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _MIGRATIONS)

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged database was kept when this one was begun anew, or None."""
        return self._database.set_aside

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._database.close()

    async def submit(self, job: Job) -> None:
        """Add a queued job. Raises: JobExistsError."""

        def work(db: sqlite3.Connection) -> None:
            try:
                db.execute(
                    "INSERT INTO job (id, number, state, prompt, outputs, extra_data, submitted_ms)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        job.id,
                        job.number,
                        JobState.QUEUED,
                        _encode(job.prompt),
                        _encode(job.outputs),
                        _encode({k: v for k, v in job.extra_data.items() if k not in _SECRETS}),
                        job.submitted_ms or _now_ms(),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise JobExistsError(job.id) from error

        await self._database.run(work)

    async def claim(self, job_id: str, worker: str) -> bool:
        """Give a queued job to a worker; False when it is not queued any more."""
        return await self._change(
            "UPDATE job SET state = 'running', worker = ?, attempts = attempts + 1,"
            " started_ms = coalesce(started_ms, ?) WHERE id = ? AND state = 'queued'",
            (worker, _now_ms(), job_id),
        )

    async def add_output(self, job_id: str, output: NodeOutput) -> None:
        """Record what a node shows; the same node of a job taken up again replaces it."""
        await self._change(
            "INSERT INTO output (job_id, node_id, ui, meta) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (job_id, node_id) DO UPDATE SET ui = excluded.ui, meta = excluded.meta",
            (job_id, output.node_id, _encode(output.ui), _encode(output.meta)),
        )

    async def add_message(self, job_id: str, kind: str, data: Mapping[str, Any]) -> int:
        """Record a status message; return its sequence number."""

        def work(db: sqlite3.Connection) -> int:
            cursor = db.execute(
                "INSERT INTO message (job_id, type, data) VALUES (?, ?, ?)",
                (job_id, kind, _encode(data)),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

        return await self._database.run(work)

    async def finish(self, job_id: str, state: JobState, error: str | None = None) -> bool:
        """Move a queued or running job into history; False when it is there already."""
        assert state.is_final
        return await self._change(
            "UPDATE job SET state = ?, error = ?, finished_ms = ?, worker = NULL, finished_seq ="
            " (SELECT coalesce(max(finished_seq), 0) + 1 FROM job)"
            " WHERE id = ? AND state IN ('queued', 'running')",
            (state, error, _now_ms(), job_id),
        )

    async def return_to_queue(self, job_id: str, *, worker_died: bool) -> Job | None:
        """Queue a running job again, first in line; None when it was not running.

        A job whose workers died `MAX_DEATHS` times is failed instead, with the reason.
        """

        def work(db: sqlite3.Connection) -> Job | None:
            db.execute(
                "UPDATE job SET state = 'queued', worker = NULL, deaths = deaths + ?"
                " WHERE id = ? AND state = 'running'",
                (int(worker_died), job_id),
            )
            if not db.execute("SELECT changes()").fetchone()[0]:
                return None
            return _fail_if_deadly(db, _select(db, "id = ?", (job_id,))[0])

        return await self._database.run(work)

    async def recover(self) -> list[Job]:
        """At start: queue what was running when the process ended; return those jobs.

        The end of the whole process is not counted as the job's fault.
        """

        def work(db: sqlite3.Connection) -> list[Job]:
            found = _select(db, "state = 'running'", ())
            db.execute("UPDATE job SET state = 'queued', worker = NULL WHERE state = 'running'")
            return [replace(job, state=JobState.QUEUED, worker=None) for job in found]

        return await self._database.run(work)

    async def set_number(self, job_id: str, number: float) -> bool:
        """Move a queued job in the queue; False when it is not queued."""
        return await self._change(
            "UPDATE job SET number = ? WHERE id = ? AND state = 'queued'", (number, job_id)
        )

    async def get(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        found = await self._database.run(lambda db: _select(db, "id = ?", (job_id,)))
        return found[0] if found else None

    async def unfinished(self) -> list[Job]:
        """List queued and running jobs in queue order."""
        return await self._database.run(
            lambda db: _select(db, "state IN ('queued', 'running')", (), "number, id")
        )

    async def history(self, limit: int | None = None, offset: int | None = None) -> list[Job]:
        """List finished jobs, oldest first.

        Without an offset (or a negative one) the last `limit` are meant.
        """

        def work(db: sqlite3.Connection) -> list[Job]:
            if offset is None or offset < 0:
                newest = _select(
                    db,
                    "finished_seq IS NOT NULL",
                    (),
                    "finished_seq DESC",
                    -1 if limit is None else limit,
                )
                return newest[::-1]
            return _select(
                db,
                "finished_seq IS NOT NULL",
                (),
                "finished_seq",
                -1 if limit is None else limit,
                offset,
            )

        return await self._database.run(work)

    async def outputs(self, job_id: str) -> list[NodeOutput]:
        """List what a job's nodes show, by node id."""
        rows = await self._rows(
            "SELECT node_id, ui, meta FROM output WHERE job_id = ? ORDER BY node_id", (job_id,)
        )
        return [NodeOutput(node, _decode(ui), _decode(meta)) for node, ui, meta in rows]

    async def messages(self, job_id: str | None = None, after: int = 0) -> list[Message]:
        """List status messages with a sequence number above `after`, of one job or of all."""
        where, values = ("", ()) if job_id is None else (" AND job_id = ?", (job_id,))
        rows = await self._rows(
            f"SELECT seq, job_id, type, data FROM message WHERE seq > ?{where} ORDER BY seq",  # noqa: S608 - the text is ours
            (after, *values),
        )
        return [Message(seq, job, kind, _decode(data)) for seq, job, kind, data in rows]

    async def delete(self, job_ids: Collection[str], *, state: str) -> list[str]:
        """Delete queued ("queued") or finished ("finished") jobs; return the ids deleted."""
        condition = "state = 'queued'" if state == "queued" else "finished_seq IS NOT NULL"

        def work(db: sqlite3.Connection) -> list[str]:
            return [
                job_id
                for job_id in job_ids
                if db.execute(
                    f"DELETE FROM job WHERE id = ? AND {condition}",  # noqa: S608 - ours
                    (job_id,),
                ).rowcount
            ]

        return await self._database.run(work)

    async def trim_history(self, keep: int) -> int:
        """Delete the oldest finished jobs beyond `keep`; return how many."""

        def work(db: sqlite3.Connection) -> int:
            return db.execute(
                "DELETE FROM job WHERE finished_seq <= ("
                " SELECT finished_seq FROM job WHERE finished_seq IS NOT NULL"
                " ORDER BY finished_seq DESC LIMIT 1 OFFSET ?)",
                (keep,),
            ).rowcount

        return await self._database.run(work)

    async def _change(self, statement: str, values: tuple[Any, ...]) -> bool:
        return await self._database.run(lambda db: db.execute(statement, values).rowcount > 0)

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        return await self._database.run(lambda db: db.execute(statement, values).fetchall())


def _fail_if_deadly(db: sqlite3.Connection, job: Job) -> Job:
    if job.deaths < MAX_DEATHS:
        return job
    reason = (
        f"The worker died {job.deaths} times while running this job, so it is not tried again. "
        "Often a model needs more memory than there is."
    )
    db.execute(
        "UPDATE job SET state = 'error', error = ?, finished_ms = ?, finished_seq ="
        " (SELECT coalesce(max(finished_seq), 0) + 1 FROM job) WHERE id = ?",
        (reason, _now_ms(), job.id),
    )
    return replace(job, state=JobState.ERROR, error=reason)


_COLUMNS = (
    "id, number, prompt, outputs, extra_data, state, attempts, deaths, worker,"
    " submitted_ms, started_ms, finished_ms, error"
)


def _select(
    db: sqlite3.Connection,
    where: str,
    values: tuple[Any, ...],
    order: str = "id",
    limit: int = -1,
    offset: int = 0,
) -> list[Job]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM job WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - the texts are ours
        (*values, limit, offset),
    )
    return [_job(row) for row in rows]


def _job(row: tuple[Any, ...]) -> Job:
    (
        job_id, number, prompt, outputs, extra_data, state, attempts, deaths, worker,
        submitted, started, finished, error,
    ) = row  # fmt: skip
    return Job(
        id=job_id,
        number=number,
        prompt=_decode(prompt),
        outputs=tuple(_decode(outputs)),
        extra_data=_decode(extra_data),
        state=JobState(state),
        attempts=attempts,
        deaths=deaths,
        worker=worker,
        submitted_ms=submitted,
        started_ms=started,
        finished_ms=finished,
        error=error,
    )


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _decode(value: bytes) -> Any:
    return msgspec.json.decode(value)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
