"""Statements over the job tables that several changes share; all run inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from engine.faultpoints import reach
from engine.jobs.messages import history_entry, last_message, now_ms
from engine.jobs.model import Job, JobState, KeptMessage, Message, NodeOutput

_COLUMNS = (
    "id, number, turn, prompt, outputs, extra_data, state, attempts, deaths, worker,"
    " submitted_ms, started_ms, finished_ms, error"
)


def select(
    db: sqlite3.Connection,
    where: str,
    values: tuple[Any, ...] = (),
    order: str = "id",
    limit: int = -1,
    offset: int = 0,
) -> list[Job]:
    """List the jobs that fulfil a condition."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM job JOIN request ON job_id = id"  # noqa: S608 - the texts are ours
        f" WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return [_job(row) for row in rows]


def outputs(db: sqlite3.Connection, job_id: str) -> list[NodeOutput]:
    """List what a job's nodes show, by node id."""
    found = db.execute(
        "SELECT node_id, ui, meta FROM output WHERE job_id = ? ORDER BY node_id", (job_id,)
    )
    return [NodeOutput(node, decode(ui), decode(meta)) for node, ui, meta in found]


def messages(
    db: sqlite3.Connection, job_id: str | None, after: int = 0, limit: int = -1
) -> list[Message]:
    """List status messages with a sequence number above `after`, of one job or of all."""
    where, values = ("", ()) if job_id is None else (" AND job_id = ?", (job_id,))
    found = db.execute(
        f"SELECT seq, job_id, type, data FROM message WHERE seq > ?{where}"  # noqa: S608 - ours
        " ORDER BY seq LIMIT ?",
        (after, *values, limit),
    )
    return [Message(seq, job, kind, decode(data)) for seq, job, kind, data in found]


def entry(db: sqlite3.Connection, job_id: str) -> bytes | None:
    """Return a finished job's entry in the history as JSON; None when it is not finished.

    It is put together of JSON as it is stored: as objects it would take four to six times as much.
    """
    found = db.execute(
        "SELECT number, prompt, extra_data, outputs, state FROM job JOIN request ON job_id = id"
        " WHERE id = ? AND finished_seq IS NOT NULL",
        (job_id,),
    ).fetchone()
    if found is None:
        return None
    number, *sent, state = found
    shown = db.execute(
        "SELECT node_id, ui, meta FROM output WHERE job_id = ? ORDER BY node_id", (job_id,)
    )
    said = db.execute("SELECT type, data FROM message WHERE job_id = ? ORDER BY seq", (job_id,))
    return encode(
        history_entry(
            [number, job_id, *map(msgspec.Raw, sent)],
            JobState(state),
            [(node, msgspec.Raw(ui), msgspec.Raw(meta)) for node, ui, meta in shown],
            [(kind, msgspec.Raw(data)) for kind, data in said],
        )
    )


def record(
    db: sqlite3.Connection, job_id: str, kept: Iterable[NodeOutput | KeptMessage]
) -> list[Message]:
    """Write outputs, each replacing the same node's, and messages; return the messages."""
    messages = []
    for item in kept:
        if isinstance(item, NodeOutput):
            db.execute(
                "INSERT INTO output (job_id, node_id, ui, meta) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (job_id, node_id)"
                " DO UPDATE SET ui = excluded.ui, meta = excluded.meta",
                (job_id, item.node_id, encode(item.ui), encode(item.meta)),
            )
        else:
            cursor = db.execute(
                "INSERT INTO message (job_id, type, data) VALUES (?, ?, ?)",
                (job_id, item.type, encode(item.data)),
            )
            assert cursor.lastrowid is not None
            messages.append(Message(cursor.lastrowid, job_id, item.type, item.data))
    reach("result-write")
    return messages


def finish(
    db: sqlite3.Connection,
    job_id: str,
    state: JobState,
    error: str | None,
    kept: Iterable[NodeOutput | KeptMessage],
) -> bool:
    """Move an unfinished job into history, with its last words; False when it is there already."""
    changed = db.execute(
        "UPDATE job SET state = ?, error = ?, worker = NULL,"
        " finished_ms = max(?, coalesce(started_ms, submitted_ms)), finished_seq ="
        " (SELECT coalesce(max(finished_seq), 0) + 1 FROM job WHERE finished_seq IS NOT NULL)"
        " WHERE id = ? AND state IN ('queued', 'running')",
        (state, error, now_ms(), job_id),
    ).rowcount
    if not changed:
        return False
    record(db, job_id, kept)
    db.execute(
        "UPDATE job SET size_bytes ="
        " (SELECT length(prompt) + length(outputs) + length(extra_data) FROM request"
        "  WHERE job_id = job.id)"
        " + (SELECT coalesce(sum(length(ui) + length(meta)), 0) FROM output WHERE job_id = job.id)"
        " + (SELECT coalesce(sum(length(data)), 0) FROM message WHERE job_id = job.id)"
        " WHERE id = ?",
        (job_id,),
    )
    reach("history-write")
    return True


def give_up(db: sqlite3.Connection, job: Job, reason: str, node_id: str | None) -> Job:
    """Fail a job that no worker survives."""
    (latest_ms,) = db.execute(
        "SELECT max(json_extract(CAST(data AS TEXT), '$.timestamp')) FROM message WHERE job_id = ?",
        (job.id,),
    ).fetchone()
    words = last_message(
        job.id,
        JobState.ERROR,
        reason=reason,
        error_type="WorkerDiedError",
        node_id=node_id,
        node_type=job.node_type(node_id),
        not_before_ms=latest_ms or 0,
    )
    finish(db, job.id, JobState.ERROR, reason, [words])
    return replace(job, state=JobState.ERROR, error=reason, worker=None)


def deadly(deaths: int) -> str:
    """Return why a job that ends its workers is given up."""
    return (
        f"The worker died {deaths} times while running this job, so it is not tried again. "
        "Often a model needs more memory than there is."
    )


def interrupted(attempts: int) -> str:
    """Return why a job that never came to an end is given up."""
    return (
        f"This job was begun {attempts} times and neither finished nor failed, because a worker "
        "or the whole server ended, so it is not tried again."
    )


def _job(row: tuple[Any, ...]) -> Job:
    (
        job_id, number, turn, prompt, outputs, extra_data, state, attempts, deaths, worker,
        submitted, started, finished, error,
    ) = row  # fmt: skip
    return Job(
        id=job_id,
        number=number,
        turn=turn,
        prompt=decode(prompt),
        outputs=tuple(decode(outputs)),
        extra_data=decode(extra_data),
        state=JobState(state),
        attempts=attempts,
        deaths=deaths,
        worker=worker,
        submitted_ms=submitted,
        started_ms=started,
        finished_ms=finished,
        error=error,
    )


def encode(value: Any) -> bytes:
    """Return JSON."""
    return msgspec.json.encode(value)


def decode(value: bytes) -> Any:
    """Return what JSON says."""
    return msgspec.json.decode(value)
