"""The last message of a job and its history entry, as clients know them (contract §3.1, §5)."""

from __future__ import annotations

import time
from typing import Any

from engine.jobs.model import Job, JobState, KeptMessage, Record

LAST_WORDS = {
    JobState.SUCCESS: "execution_success",
    JobState.ERROR: "execution_error",
    JobState.CANCELLED: "execution_interrupted",
}


def last_message(
    job_id: str,
    state: JobState,
    *,
    reason: str | None = None,
    error_type: str = "EngineError",
    node_id: str | None = None,
    node_type: str | None = None,
    not_before_ms: int = 0,
) -> KeptMessage:
    """Return how a job ended, when no worker could say it.

    Args:
        node_id: The node that ran last.
        not_before_ms: When its last message was sent; a clock may have been set since.
    """
    data: dict[str, Any] = {"prompt_id": job_id}
    if state is not JobState.SUCCESS:
        data |= {"node_id": node_id, "node_type": node_type, "executed": []}
    if state is JobState.ERROR:
        data |= {
            "exception_message": reason or "",
            "exception_type": error_type,
            "traceback": [],
            "current_inputs": {},
            "current_outputs": [],
        }
    return KeptMessage(LAST_WORDS[state], {**data, "timestamp": max(now_ms(), not_before_ms)})


def queue_item(job: Job) -> list[Any]:
    """Return an item of the queue: [number, id, prompt, extra_data, output ids]."""
    return [job.number, job.id, job.prompt, job.extra_data, list(job.outputs)]


def history_entry(record: Record) -> dict[str, Any]:
    """Return a finished job's entry in the history."""
    succeeded = record.job.state is JobState.SUCCESS
    return {
        "prompt": queue_item(record.job),
        "outputs": {output.node_id: output.ui for output in record.outputs},
        "status": {
            "status_str": "success" if succeeded else "error",
            "completed": succeeded,
            "messages": [[message.type, message.data] for message in record.messages],
        },
        "meta": {output.node_id: output.meta for output in record.outputs},
    }


def now_ms() -> int:
    """Return the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
