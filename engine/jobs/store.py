"""The truth about jobs: every change is on disk before it is answered.

A job is queued, then running, then history; it is taken up again after a crash, and failed after
its second worker died. Each finished node's output is written as it comes, keyed by job and node,
so that history shows it once however often the job was taken up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.errors import EngineError
from engine.faultpoints import reach
from engine.jobs import rows
from engine.jobs.database import Database
from engine.jobs.messages import now_ms
from engine.jobs.model import Job, JobState, KeptMessage, Message, NodeOutput, Record
from engine.jobs.rows import encode, select
from engine.jobs.schema import MIGRATIONS

T = TypeVar("T")

MAX_DEATHS = 2
MAX_ATTEMPTS = 10
"""Once begun so often without an end, a job is failed: it seems to take the server down."""
PAGE_BYTES = 256 << 10
"""So much of history is read at once, and one entry more: what waits gets in between."""
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")
"""Keys of extra_data that are never written down (contract §5)."""


class JobExistsError(EngineError):
    """A prompt id was used before; ids are never used again."""

    code = "job_exists"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f'A job with the id "{job_id}" exists already.')


class JobStore:
    """Jobs in one SQLite file. All methods raise DatabaseError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS)

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged database was kept when this one was begun anew, or None."""
        return self._database.set_aside

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._database.close()

    # --- a job's life ----------------------------------------------------------------------------

    async def submit(self, job: Job) -> None:
        """Add a queued job. Raises: JobExistsError."""

        def work(db: sqlite3.Connection) -> None:
            try:
                db.execute(
                    "INSERT INTO job (id, number, turn, state, submitted_ms)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (job.id, job.number, job.turn, JobState.QUEUED, job.submitted_ms or now_ms()),
                )
            except sqlite3.IntegrityError as error:
                raise JobExistsError(job.id) from error
            kept = {key: value for key, value in job.extra_data.items() if key not in SECRETS}
            db.execute(
                "INSERT INTO request (job_id, prompt, outputs, extra_data) VALUES (?, ?, ?, ?)",
                (job.id, encode(job.prompt), encode(job.outputs), encode(kept)),
            )
            reach("submit")

        await self._database.run(work)

    async def claim(self, job_id: str, worker: str) -> Record | None:
        """Give a queued job to a worker and return it; None when it is not queued any more.

        Messages of an earlier attempt are forgotten, its outputs are kept.
        """

        def work(db: sqlite3.Connection) -> Record | None:
            changed = db.execute(
                "UPDATE job SET state = 'running', worker = ?, attempts = attempts + 1,"
                " started_ms = coalesce(started_ms, max(?, submitted_ms))"
                " WHERE id = ? AND state = 'queued'",
                (worker, now_ms(), job_id),
            ).rowcount
            if not changed:
                return None
            (job,) = select(db, "id = ?", (job_id,))
            db.execute("DELETE FROM message WHERE job_id = ?", (job_id,))
            reach("claim")
            return Record(job, rows.outputs(db, job_id))

        return await self._database.run(work)

    async def record(self, job_id: str, kept: Sequence[NodeOutput | KeptMessage]) -> list[Message]:
        """Write what a running job shows and says; return the messages with their numbers.

        An output replaces what the same node of the same job showed before.
        """

        def work(db: sqlite3.Connection) -> list[Message]:
            return rows.record(db, job_id, kept)

        return await self._database.run(work)

    async def finish(
        self,
        job_id: str,
        state: JobState,
        error: str | None = None,
        kept: Sequence[NodeOutput | KeptMessage] = (),
    ) -> bool:
        """Move a queued or running job into history, with its last outputs and messages.

        Returns False when it is there already; then nothing is written.
        """
        assert state.is_final
        return await self._database.run(lambda db: rows.finish(db, job_id, state, error, kept))

    async def return_to_queue(
        self, job_id: str, *, worker_died: bool, left: bool = False, node_id: str | None = None
    ) -> Job | None:
        """Queue a running job again; None when it was not running.

        A job whose workers died `MAX_DEATHS` times is failed instead, with the reason.

        Args:
            worker_died: The job may be why.
            left: The worker was told to leave the job, so that this was no attempt.
            node_id: The node that ran last.
        """

        def work(db: sqlite3.Connection) -> Job | None:
            changed = db.execute(
                "UPDATE job SET state = 'queued', worker = NULL, deaths = deaths + ?,"
                " attempts = attempts - ? WHERE id = ? AND state = 'running'",
                (int(worker_died), int(left), job_id),
            ).rowcount
            if not changed:
                return None
            (job,) = select(db, "id = ?", (job_id,))
            if job.deaths >= MAX_DEATHS:
                return rows.give_up(db, job, rows.deadly(job.deaths), node_id)
            if job.attempts >= MAX_ATTEMPTS:
                return rows.give_up(db, job, rows.interrupted(job.attempts), node_id)
            return job

        return await self._database.run(work)

    async def recover(self) -> list[Job]:
        """At start: queue what was running when the process ended; list what is queued now.

        The end of the whole process is not counted as the job's fault, unless it happens
        `MAX_ATTEMPTS` times.
        """

        def work(db: sqlite3.Connection) -> list[Job]:
            for job in select(db, "state = 'running'"):
                if job.attempts >= MAX_ATTEMPTS:
                    rows.give_up(db, job, rows.interrupted(job.attempts), None)
            db.execute("UPDATE job SET state = 'queued', worker = NULL WHERE state = 'running'")
            return select(db, "state = 'queued'", (), "number, id")

        return await self._database.run(work)

    async def is_paused(self) -> bool:
        """Tell whether the queue was paused and not resumed since."""
        return bool(await self._rows("SELECT 1 FROM queue_state WHERE name = 'paused'", ()))

    async def set_paused(self, paused: bool) -> None:
        """Write down that the queue is paused, or that it is not."""
        change = "INSERT OR IGNORE INTO queue_state VALUES ('paused')"
        await self._change(change if paused else "DELETE FROM queue_state", ())

    async def set_number(self, job_id: str, number: float) -> bool:
        """Move a queued job in the queue; False when it is not queued."""
        return await self._change(
            "UPDATE job SET number = ? WHERE id = ? AND state = 'queued'", (number, job_id)
        )

    async def delete(self, job_ids: Collection[str], *, state: str) -> list[str]:
        """Delete queued ("queued") or finished ("finished") jobs; return the ids deleted."""
        condition = "state = 'queued'" if state == "queued" else "finished_seq IS NOT NULL"
        statement = f"DELETE FROM job WHERE id = ? AND {condition}"  # noqa: S608 - ours

        def work(db: sqlite3.Connection) -> list[str]:
            return [job_id for job_id in job_ids if db.execute(statement, (job_id,)).rowcount]

        return await self._database.run(work)

    async def clear_history(self) -> None:
        """Delete all finished jobs."""
        await self._change("DELETE FROM job WHERE finished_seq IS NOT NULL", ())

    async def trim_history(self, keep: int, keep_bytes: int | None = None) -> int:
        """Delete the oldest finished jobs beyond `keep` jobs or `keep_bytes`; return how many.

        The newest job stays, whatever its size.
        """

        def work(db: sqlite3.Connection) -> int:
            return db.execute(
                "DELETE FROM job WHERE finished_seq <= (SELECT max(finished_seq) FROM ("
                " SELECT finished_seq, row_number() OVER newest AS place,"
                "  sum(size_bytes) OVER newest AS total"
                " FROM job WHERE finished_seq IS NOT NULL"
                " WINDOW newest AS (ORDER BY finished_seq DESC)"
                ") WHERE place > ? OR (place > 1 AND total > ?))",
                (keep, keep_bytes if keep_bytes is not None else 2**62),
            ).rowcount

        return await self._database.run(work)

    # --- what there is ---------------------------------------------------------------------------

    async def get(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        found = await self._database.run(lambda db: select(db, "id = ?", (job_id,)))
        return found[0] if found else None

    async def unfinished(self, state: JobState | None = None) -> list[Job]:
        """List queued and running jobs, or those of one of the two states, in queue order."""
        states = (state, state) if state else (JobState.QUEUED, JobState.RUNNING)
        return await self._database.run(
            lambda db: select(db, "state IN (?, ?)", states, "number, id")
        )

    async def last_turn(self) -> int:
        """Return the highest counter of any job there is; 0 without jobs."""
        found = await self._rows("SELECT coalesce(max(turn), 0) FROM job", ())
        return int(found[0][0])

    async def finished(self, limit: int | None = None, offset: int | None = None) -> list[str]:
        """List the ids of finished jobs, oldest first.

        Without an offset (or with a negative one) the last `limit` are meant.
        """
        count = -1 if limit is None else limit
        newest = offset is None or offset < 0
        found = await self._rows(
            "SELECT id FROM job WHERE finished_seq IS NOT NULL ORDER BY finished_seq"  # noqa: S608 - ours
            f" {'DESC' if newest else ''} LIMIT ? OFFSET ?",
            (count, 0 if newest else offset),
        )
        ids = [job_id for (job_id,) in found]
        return ids[::-1] if newest else ids

    async def entries(self, job_ids: Iterator[str]) -> dict[str, msgspec.Raw]:
        """Return a page of history entries as JSON, by id; jobs that are not finished have none.

        Takes ids until the page has `PAGE_BYTES`; without an entry only when there are no more ids.
        """

        def work(db: sqlite3.Connection) -> dict[str, msgspec.Raw]:
            page: dict[str, msgspec.Raw] = {}
            size = 0
            while size < PAGE_BYTES and (job_id := next(job_ids, None)) is not None:
                if (entry := rows.entry(db, job_id)) is not None:
                    page[job_id] = msgspec.Raw(entry)
                    size += len(entry)
            return page

        return await self._database.run(work)

    async def outputs(self, job_id: str) -> list[NodeOutput]:
        """List what a job's nodes show, by node id."""
        return await self._database.run(lambda db: rows.outputs(db, job_id))

    async def messages(
        self, job_id: str | None = None, after: int = 0, limit: int = -1
    ) -> list[Message]:
        """List status messages with a sequence number above `after`, of one job or of all."""
        return await self._database.run(lambda db: rows.messages(db, job_id, after, limit))

    async def read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a function of `overview` reads."""
        return await self._database.run(read)

    async def _change(self, statement: str, values: tuple[Any, ...]) -> bool:
        return await self._database.run(lambda db: db.execute(statement, values).rowcount > 0)

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        return await self._database.run(lambda db: db.execute(statement, values).fetchall())
