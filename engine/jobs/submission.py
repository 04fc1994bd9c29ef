"""What a client asks for when it queues a prompt, and what it is told."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.jobs.errors import PromptRejectedError
from engine.jobs.model import Job
from engine.workers.pool import WorkerDiedError, WorkerPool
from engine.workers.wire import Validated

ID_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Submission:
    """A prompt that was queued.

    Attributes:
        node_errors: Nodes that will not run, with what is wrong with them, by node id.
    """

    prompt_id: str
    number: float
    node_errors: dict[str, Any]


def check_request(prompt_id: str | None, number: float | None) -> None:
    """Raises: PromptRejectedError, when the id or the place in the queue is not usable."""
    if prompt_id is not None and not 0 < len(prompt_id) <= ID_LIMIT:
        raise PromptRejectedError.of(
            "invalid_prompt_id",
            "The prompt id is not usable",
            f"expected 1 to {ID_LIMIT} characters, got {len(prompt_id)}",
        )
    if number is not None and not math.isfinite(number):
        raise PromptRejectedError.of(
            "invalid_number", "The place in the queue is not usable", f"{number} is not finite"
        )


def said(**fields: Any) -> dict[str, Any]:
    """Return the fields of a request that have a value: packs see no others."""
    return {name: value for name, value in fields.items() if value is not None}


async def validate(
    pool: WorkerPool,
    prompt: Mapping[str, Any],
    targets: Sequence[str] | None,
    rest: Mapping[str, Any],
) -> Validated:
    """Have a worker check a prompt. Raises: WorkerDiedError, when two died meanwhile.

    Args:
        rest: The request without its prompt, for packs.
    """
    try:
        return await pool.validate(prompt, targets, rest)
    except WorkerDiedError:  # once more: it may have died of something else
        await pool.ready()
        return await pool.validate(prompt, targets, rest)


def accepted(validated: Validated) -> dict[str, Any]:
    """Return what is wrong with single nodes. Raises: PromptRejectedError, when nothing can run."""
    node_errors: dict[str, Any] = msgspec.json.decode(validated.node_errors) or {}
    error = msgspec.json.decode(validated.error)
    if error is not None:
        raise PromptRejectedError(error, node_errors)
    return node_errors


def new_job(
    validated: Validated,
    turn: int,
    *,
    prompt_id: str | None,
    number: float | None,
    front: bool,
    extra_data: Mapping[str, Any],
) -> Job:
    """Return the job of an accepted prompt; contract §2 says which number it gets."""
    if number is None:
        number = -turn if front else turn
    if validated.extra_data is not None:
        extra_data = msgspec.json.decode(validated.extra_data)
    return Job(
        id=prompt_id or str(uuid.uuid4()),
        number=float(number),
        turn=turn,
        prompt=msgspec.json.decode(validated.prompt),
        outputs=tuple(validated.outputs),
        extra_data=extra_data,
    )
