"""What lists show of jobs, without their whole prompts: few bytes each, however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from engine.jobs.store import JobStore

SCANNED = 500
"""Jobs that one search looks at: the database has one thread, and results wait to be written."""

_Shown: TypeAlias = Mapping[str, Any]


class _ExtraData(msgspec.Struct):
    """The part of a job's extra_data that lists show; whatever else is in it is skipped."""

    tessera: Any = None

    def said(self, key: str) -> str | None:
        """Return what our editor said of a job it queued; other clients say nothing."""
        value = self._of_editor().get(key)
        return value if isinstance(value, str) and value else None

    def details(self) -> _Shown | None:
        """Return what our editor noted of the run for its own list."""
        value = self._of_editor().get("details")
        return value if isinstance(value, dict) else None

    def _of_editor(self) -> _Shown:
        return self.tessera if isinstance(self.tessera, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A job that waits or runs.

    Attributes:
        tab: The document it came from, as the editor names it; None for other clients.
        label: What the artist called it, or None.
        details: What the editor that queued it noted of the run (its number, its seed), or None.
        nodes: How many nodes its prompt has.
    """

    id: str
    number: float
    running: bool
    tab: str | None
    label: str | None
    details: _Shown | None
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedEntry:
    """A finished job with the files it made.

    Attributes:
        place: Counts up with every job that finishes.
        files: {"node", "kind", "filename", "subfolder", "type"} each; temporary ones are left out.
        seconds: From its start to its end, or None when it never started.
    """

    id: str
    place: int
    label: str | None
    state: str
    finished_ms: int
    seconds: float | None
    files: Sequence[_Shown]


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """Finished jobs, the newest first.

    Attributes:
        next: Ask with this for what follows; None when there is nothing more.
    """

    entries: Sequence[FinishedEntry]
    next: int | None


class Overview:
    """Lists jobs of a store. All methods raise DatabaseError."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    async def queue(self) -> list[QueueEntry]:
        """List waiting and running jobs in queue order."""
        return await self._store.read(_queue)

    async def finished(
        self, before: int | None = None, limit: int = 100, words: Sequence[str] = ()
    ) -> FinishedPage:
        """List finished jobs whose prompt, label or files hold all of `words`.

        A page may be short though more follows: one call looks at `SCANNED` jobs at most.

        Args:
            before: Only jobs of a smaller place; None for all.
            words: Texts, model files, node types and file names are searched.
        """
        lower = [word.lower() for word in words]
        return await self._store.read(lambda db: _finished(db, before, limit, lower))


def _queue(db: sqlite3.Connection) -> list[QueueEntry]:
    rows = db.execute(
        "SELECT id, number, state, prompt, extra_data FROM job JOIN request ON job_id = id"
        " WHERE state IN ('queued', 'running') ORDER BY number, id"
    )
    return [_queue_entry(*row) for row in rows]


def _queue_entry(
    job_id: str, number: float, state: str, prompt: bytes, extra_data: bytes
) -> QueueEntry:
    extra = msgspec.json.decode(extra_data, type=_ExtraData)
    return QueueEntry(
        id=job_id,
        number=number,
        running=state == "running",
        tab=extra.said("tab"),
        label=extra.said("label"),
        details=extra.details(),
        nodes=len(msgspec.json.decode(prompt, type=dict[str, msgspec.Raw])),
    )


def _finished(
    db: sqlite3.Connection, before: int | None, limit: int, words: Sequence[str]
) -> FinishedPage:
    rows = db.execute(
        "SELECT id, finished_seq, state, started_ms, finished_ms, prompt, extra_data"
        " FROM job JOIN request ON job_id = id WHERE finished_seq IS NOT NULL"
        " AND finished_seq < ? ORDER BY finished_seq DESC LIMIT ?",
        (2**62 if before is None else before, SCANNED),
    )  # read one by one: together they may be most of what history takes
    entries: list[FinishedEntry] = []
    count, place = 0, None
    for count, row in enumerate(rows, 1):
        job_id, place, state, started_ms, finished_ms, prompt, extra_data = row
        files = list(_files(db, job_id))
        label = msgspec.json.decode(extra_data, type=_ExtraData).said("label")
        if words and not _matches(words, prompt, files, label):
            continue
        entries.append(
            FinishedEntry(
                id=job_id,
                place=place,
                label=label,
                state=state,
                finished_ms=finished_ms,
                seconds=None if started_ms is None else (finished_ms - started_ms) / 1000,
                files=files,
            )
        )
        if len(entries) == limit:
            follows = count == SCANNED or rows.fetchone() is not None
            return FinishedPage(entries, place if follows else None)
    return FinishedPage(entries, place if count == SCANNED else None)


def _files(db: sqlite3.Connection, job_id: str) -> Iterator[_Shown]:
    for node_id, ui in db.execute(
        "SELECT node_id, ui FROM output WHERE job_id = ? ORDER BY node_id", (job_id,)
    ):
        for kind, items in msgspec.json.decode(ui, type=dict[str, Any]).items():
            for item in items if isinstance(items, list) else ():
                if isinstance(item, dict) and isinstance(item.get("filename"), str):
                    shown = {key: item.get(key, "") for key in ("filename", "subfolder", "type")}
                    if shown["type"] != "temp":
                        yield {"node": node_id, "kind": kind, **shown}


def _matches(
    words: Sequence[str], prompt: bytes, files: Sequence[_Shown], label: str | None
) -> bool:
    texts = [text.lower() for text in _texts(msgspec.json.decode(prompt))]
    texts += [str(file["filename"]).lower() for file in files]
    if label is not None:
        texts.append(label.lower())
    return all(any(word in text for text in texts) for word in words)


def _texts(prompt: Any) -> Iterator[str]:
    """Give the node types and texts of a prompt, not the names of its inputs."""
    for node in prompt.values():
        if not isinstance(node, dict):
            continue
        yield str(node.get("class_type", ""))
        inputs = node.get("inputs")
        if isinstance(inputs, dict):
            yield from (value for value in inputs.values() if isinstance(value, str))
