"""What a job is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands. Only QUEUED and RUNNING jobs can still change anything."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job is history."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submitted prompt.

    Attributes:
        id: Prompt id, given by the client or made by the server; unique for ever.
        number: Place in the queue: the smallest runs first; negative numbers are "front".
        turn: The server's counter when it came; also its number, unless the client chose one.
        prompt: API prompt as validated.
        outputs: Output nodes to run.
        extra_data: The client's, with `client_id`; secrets are not stored (contract §5).
        attempts: How often a worker took it up and was not told to leave it.
        deaths: How many workers died while running it.
        worker: Which worker runs it now.
        submitted_ms, started_ms, finished_ms: Unix time in milliseconds, or None.
        error: Why it failed, for people; None otherwise.
    """

    id: str
    number: float
    prompt: Mapping[str, Any]
    outputs: tuple[str, ...]
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0
    state: JobState = JobState.QUEUED
    attempts: int = 0
    deaths: int = 0
    worker: str | None = None
    submitted_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    error: str | None = None

    @property
    def client_id(self) -> str | None:
        """The client that queued it, for messages and fair turns."""
        value = self.extra_data.get("client_id")
        return value if isinstance(value, str) and value else None

    def node_type(self, node_id: str | None) -> str | None:
        """Return the type of a node of the prompt; None for other nodes."""
        node = self.prompt.get(node_id) if node_id is not None else None
        return node.get("class_type") if isinstance(node, Mapping) else None


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """What a node of a job shows.

    Attributes:
        ui: For instance {"images": [{…}]}.
        meta: Ids for display: node_id, display_node, parent_node, real_node_id.
    """

    node_id: str
    ui: Mapping[str, Any]
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A status message that is to be kept."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A status message of a job, kept in history; `seq` counts up over all jobs."""

    seq: int
    job_id: str
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A job with what its nodes showed in earlier attempts."""

    job: Job
    outputs: Sequence[NodeOutput]
