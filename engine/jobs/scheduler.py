"""Decides which job runs next on which worker; pure, without a clock or a store of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.jobs.queue import QueuedJob
from engine.workers.pool import WorkerInfo

LOOK_AHEAD = 32
"""So many waiting jobs are looked at."""
MAX_OVERTAKEN = 8
"""So many jobs may be begun before one that stood in front of them."""
MAX_DELAY_S = 30.0
"""So long jobs may be begun before one that stood in front of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to begin.

    Attributes:
        overtaken: Jobs that stood in front of it.
    """

    job: QueuedJob
    worker: str
    overtaken: Sequence[QueuedJob]


def choose(waiting: Iterable[QueuedJob], idle: Sequence[WorkerInfo], now: float) -> Choice | None:
    """Return the job to begin next, or None when nothing waits or no worker is idle.

    It is the first in line, unless an idle worker has loaded more of the model files of a job
    behind it: loading a model often takes longer than running a job. A job whose number was
    chosen, that was overtaken `MAX_OVERTAKEN` times, or for `MAX_DELAY_S` is not overtaken.

    Args:
        waiting: In queue order.
        now: Monotonic time in seconds.
    """
    if not idle:
        return None
    warm = any(info.models for info in idle)
    window = list(islice(waiting, LOOK_AHEAD if warm else 1))
    if not window:
        return None
    place, worker = 0, max(idle, key=lambda info: (_warmth(window[0], info), -len(info.models)))
    best = _warmth(window[0], worker)
    for behind in range(1, len(window)):
        if not _may_wait(window[behind - 1], now):
            break
        for info in idle:
            warmth = _warmth(window[behind], info)
            if warmth > best:
                place, worker, best = behind, info, warmth
    return Choice(window[place], worker.name, window[:place])


def _warmth(job: QueuedJob, worker: WorkerInfo) -> int:
    return len(job.names & worker.models)


def _may_wait(job: QueuedJob, now: float) -> bool:
    if not job.in_turn or job.overtaken >= MAX_OVERTAKEN:
        return False
    return job.overtaken_since is None or now - job.overtaken_since < MAX_DELAY_S
