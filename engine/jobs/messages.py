"""The last message of a job and its history entry, as clients know them (contract §3.1, §5)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from engine.jobs.model import JobState, KeptMessage

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


def history_entry(
    item: Sequence[Any],
    state: JobState,
    shown: Sequence[tuple[str, Any, Any]],
    said: Sequence[tuple[str, Any]],
) -> dict[str, Any]:
    """Return a finished job's entry in the history.

    Args:
        item: What it was in the queue: [number, id, prompt, extra_data, output ids].
        shown: (node id, ui, meta) of each output.
        said: (type, data) of each message.
    """
    succeeded = state is JobState.SUCCESS
    return {
        "prompt": item,
        "outputs": {node_id: ui for node_id, ui, _ in shown},
        "status": {
            "status_str": "success" if succeeded else "error",
            "completed": succeeded,
            "messages": said,
        },
        "meta": {node_id: meta for node_id, _, meta in shown},
    }


def now_ms() -> int:
    """Return the Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
