"""The queue in memory: which job is next. SQLite holds the truth; this holds what deciding needs.

Order: the smallest number first, then the id. Jobs that kept the number the server gave them take
turns: one job of each client, in the order the clients came, then the next of each. A job whose
number was chosen, that is "front", or that is taken up again takes no turns: it runs as soon as
no waiting job has a smaller number. A client that comes joins at the end of the round, so nobody
waits longer than one job of every other client per job of its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.jobs.model import Job
from engine.jobs.store import SECRETS

_NAME_LIMIT = 255


@dataclass(slots=True, kw_only=True, eq=False)
class QueuedJob:
    """What must be known of a waiting job.

    Attributes:
        in_turn: It takes turns with other clients' jobs.
        names: Short texts of its prompt; the model files it needs are among them.
        secrets: Keys of its extra_data that are kept in memory only.
        overtaken: How many jobs behind it were begun before it.
        overtaken_since: Monotonic time in seconds of the first of these, or None.
    """

    id: str
    number: float
    client: str | None
    in_turn: bool
    names: frozenset[str] = frozenset()
    secrets: Mapping[str, Any] = field(default_factory=dict)
    overtaken: int = 0
    overtaken_since: float | None = None

    @classmethod
    def of(cls, job: Job, secrets: Mapping[str, Any] | None = None) -> QueuedJob:
        """Return what must be known of `job`, whose `extra_data` may hold secrets."""
        found = {key: value for key, value in job.extra_data.items() if key in SECRETS}
        return cls(
            id=job.id,
            number=job.number,
            client=job.client_id,
            in_turn=job.number == job.turn and not job.attempts,
            names=frozenset(_names(job.prompt)),
            secrets=found if secrets is None else secrets,
        )

    @property
    def place(self) -> tuple[float, str]:
        """What orders it."""
        return (self.number, self.id)


class JobQueue:
    """Waiting jobs in the order they are to run."""

    def __init__(self) -> None:
        self._jobs: dict[str, QueuedJob] = {}
        self._chosen: list[tuple[float, str]] = []  # places that were chosen
        self._turns: list[tuple[float, str]] = []  # places of jobs that take turns
        self._clients: dict[str | None, list[tuple[float, str]]] = {}  # in the order of the round

    def __len__(self) -> int:
        """Count the waiting jobs."""
        return len(self._jobs)

    def __contains__(self, job_id: object) -> bool:
        """Tell whether a job waits."""
        return job_id in self._jobs

    def __iter__(self) -> Iterator[QueuedJob]:
        """Iterate in the order the jobs are to run."""
        turns, chosen = self._in_turns(), deque(self._chosen)
        begun: set[str] = set()
        for place in self._turns:
            while place[1] not in begun:  # until the smallest number that takes turns is through
                if chosen and chosen[0] < place:
                    yield self._jobs[chosen.popleft()[1]]
                else:
                    job = next(turns)
                    begun.add(job.id)
                    yield job
        for place in chosen:
            yield self._jobs[place[1]]

    def add(self, job: QueuedJob) -> None:
        """Add a job that is not in it."""
        assert job.id not in self._jobs, job.id
        self._jobs[job.id] = job
        if job.in_turn:
            insort(self._turns, job.place)
            insort(self._clients.setdefault(job.client, []), job.place)
        else:
            insort(self._chosen, job.place)

    def remove(self, job_id: str) -> QueuedJob | None:
        """Take a job out and return it; None when it does not wait."""
        job = self._jobs.pop(job_id, None)
        if job is None:
            return None
        if not job.in_turn:
            _discard(self._chosen, job.place)
            return job
        _discard(self._turns, job.place)
        theirs = self._clients[job.client]
        _discard(theirs, job.place)
        if not theirs:
            del self._clients[job.client]
        return job

    def take(self, job_id: str) -> QueuedJob:
        """Take a job out to run it: its client goes to the end of the round."""
        job = self.remove(job_id)
        assert job is not None, job_id
        if job.in_turn and job.client in self._clients:
            self._clients[job.client] = self._clients.pop(job.client)
        return job

    def move(self, job_id: str, number: float) -> None:
        """Give a waiting job another number; from now on it takes no turns."""
        job = self.remove(job_id)
        if job is not None:
            job.number, job.in_turn = number, False
            self.add(job)

    def _in_turns(self) -> Iterator[QueuedJob]:
        round_of = deque(iter(places) for places in self._clients.values())
        while round_of:
            places = round_of.popleft()
            place = next(places, None)
            if place is not None:
                yield self._jobs[place[1]]
                round_of.append(places)


def _discard(places: list[tuple[float, str]], place: tuple[float, str]) -> None:
    index = bisect_left(places, place)
    assert places[index] == place
    del places[index]


def _names(prompt: Mapping[str, Any]) -> Iterator[str]:
    for node in prompt.values():
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        for value in inputs.values() if isinstance(inputs, Mapping) else ():
            if isinstance(value, str) and len(value) <= _NAME_LIMIT:
                yield value
