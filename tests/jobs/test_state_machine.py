"""The queue against a model: no job lost, none duplicated, final states final, whatever happens.

Hypothesis submits, deletes, moves, cancels, pauses, kills workers, lets jobs end, and crashes the
process at any point: the event loop is dropped with all that is under way, writes that wait for
the disk are forgotten, and a new service opens the same file.
"""

from __future__ import annotations

import asyncio
import queue
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.jobs.model import Job, JobState
from engine.jobs.service import JobService
from engine.jobs.store import MAX_ATTEMPTS, MAX_DEATHS, JobStore
from tests.jobs.recording import PATIENCE_S, Recording, history_of, submit
from tests.workers.fake_pool import FakePool

T = TypeVar("T")

WORKERS = ("w1", "w2")
PICK = st.integers(0, 99)
SHOWN = {"1": {"text": ["hello"]}}


@dataclass
class Expected:
    """What must be true of a job.

    Attributes:
        answered: Its client was told that it is queued; a crash may hide one that was not.
        deleted: It must be gone.
        may_end: States that something asked for.
        end: The final state that was seen; it may never change.
    """

    number: float | None
    answered: bool = True
    deleted: bool = False
    deaths: int = 0
    may_end: set[JobState] = field(default_factory=set)
    end: JobState | None = None


class QueueMachine(RuleBasedStateMachine):
    """Drives a real service on a real file; running jobs wait until a rule ends them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "jobs.sqlite3"
        self.expected: dict[str, Expected] = {}
        self.seen_runs = 0

    # --- the process -----------------------------------------------------------------------------

    @initialize()
    def some_run_and_some_wait(self) -> None:
        self.begin()
        for client in "aabb":
            self.submit(client, None)

    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.store, self.pool = JobStore(self.path), FakePool(WORKERS)
        self.service = JobService(self.store, self.pool, Recording())
        self.seen_runs = 0

        async def start() -> None:
            await self.pool.start()
            await self.service.start()

        self.do(start())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something, then all that follows from it, until every running job waits."""

        async def all_of_it() -> T:
            result = await work
            async with asyncio.timeout(PATIENCE_S):
                while not self.still():
                    await asyncio.sleep(0.0002)
            return result

        return self.loop.run_until_complete(all_of_it())

    def still(self) -> bool:
        running = self.service._attempts
        waits = {job_id for job_id, future in self.pool._running.items() if not future.done()}
        can_begin = len(self.service._queue) and not self.service.paused
        return (
            self.service._dispatcher._dispatching is None
            and len(self.service._dispatcher._tasks) == len(running)
            and waits == set(running)
            and not (can_begin and len(running) < len(WORKERS))
        )

    def kill_process(self) -> None:
        """Nothing that is under way gets to the disk or runs any clean-up there."""
        database = self.store._database
        try:
            while True:
                database._work.get_nowait()
        except queue.Empty:
            database.close()
        self.loop.run_until_complete(_cancel_the_rest())
        self.loop.close()

    def jobs(self) -> list[Job]:
        return self.loop.run_until_complete(self.store._database.run(lambda db: _all_jobs(db)))

    # Rules that find nothing to act on do nothing: preconditions would depend on how far a crash
    # let things come, and Hypothesis needs the same rules in every run.

    def picked(self, pick: int) -> str | None:
        known = [job_id for job_id, job in self.expected.items() if not job.deleted]
        return known[pick % len(known)] if known else None

    def running(self, pick: int) -> str | None:
        running = sorted(self.service._attempts)
        return running[pick % len(running)] if running else None

    # --- what clients do -------------------------------------------------------------------------

    @rule(client=st.sampled_from("abc"), number=st.none() | st.integers(-9, 99))
    def submit(self, client: str, number: int | None) -> None:
        job_id = f"job{len(self.expected)}"
        given = self.do(self.submission(job_id, client, number))
        self.expected[job_id] = Expected(given.number)

    def submission(
        self, job_id: str, client: str, number: float | None
    ) -> Coroutine[Any, Any, Any]:
        options = {"prompt_id": job_id, "client_id": client, "number": number}
        return submit(self.service, "Show", "Wait", **options)

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        job_id = self.picked(pick)
        if job_id is None:
            return
        self.expected[job_id].deleted = job_id in self.service._queue
        self.do(self.service.delete_pending([job_id]))

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        job_id = self.picked(pick)
        if job_id is None:
            return
        unfinished = job_id in self.service._queue or job_id in self.service._attempts
        assert self.do(self.service.cancel(job_id)) == unfinished
        if unfinished:
            self.expected[job_id].may_end.add(JobState.CANCELLED)

    @rule(pick=PICK, number=st.integers(-9, 99))
    def move(self, pick: int, number: int) -> None:
        job_id = self.picked(pick)
        if job_id is None:
            return
        waits = job_id in self.service._queue
        assert self.do(self.service.move(job_id, number)) == waits
        if waits:
            self.expected[job_id].number = number

    @rule()
    def pause(self) -> None:
        self.do(self.service.pause())

    @rule()
    def resume(self) -> None:
        self.do(self.service.resume())

    # --- what workers do -------------------------------------------------------------------------

    @rule(pick=PICK)
    def job_ends(self, pick: int) -> None:
        job_id = self.running(pick)
        if job_id is None:
            return
        self.expected[job_id].may_end.add(JobState.SUCCESS)
        self.do(_soon(lambda: self.pool.release(job_id)))

    @rule(pick=PICK)
    def worker_dies(self, pick: int) -> None:
        job_id = self.running(pick)
        if job_id is None:
            return
        expected = self.expected[job_id]
        expected.deaths += 1
        if expected.deaths >= MAX_DEATHS:
            expected.may_end.add(JobState.ERROR)
        worker = self.service._attempts[job_id].worker
        self.do(_soon(lambda: self.pool.kill(worker)))

    # --- crashes ---------------------------------------------------------------------------------

    @rule()
    def stop_and_start(self) -> None:
        self.loop.run_until_complete(self.service.stop())
        self.kill_process()
        self.begin()

    @rule(
        steps=st.integers(0, 25),
        submits=st.integers(0, 3),
        ends=st.integers(0, 2),
        deaths=st.integers(0, 1),
    )
    def crash_amid(self, steps: int, submits: int, ends: int, deaths: int) -> None:
        """Begin several things at once and crash some turns of the loop later."""
        new = [f"job{len(self.expected) + n}" for n in range(submits)]
        self.expected |= {job_id: Expected(None, answered=False) for job_id in new}
        attempts = list(self.service._attempts.values())
        ending, dying = attempts[:ends], attempts[ends : ends + deaths]
        for attempt in ending:
            self.expected[attempt.queued.id].may_end.add(JobState.SUCCESS)
        for attempt in dying:
            self.expected[attempt.queued.id].may_end.add(JobState.ERROR)  # if it is the second

        async def amid() -> None:
            tasks = {
                job_id: asyncio.create_task(self.submission(job_id, "a", None)) for job_id in new
            }
            for attempt in ending:
                self.pool.release(attempt.queued.id)
            for attempt in dying:
                self.pool.kill(attempt.worker)
            for _ in range(steps):
                await asyncio.sleep(0.0001 if steps > 15 else 0)
            for job_id, task in tasks.items():
                self.expected[job_id].answered = task.done()

        self.loop.run_until_complete(amid())
        self.kill_process()
        self.begin()

    # --- what must hold --------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        self.nothing_is_lost_or_changed()
        self.the_queue_in_memory_is_the_one_on_disk()
        self.what_ended_does_not_run_again()
        self.history_shows_each_output_once()

    def nothing_is_lost_or_changed(self) -> None:
        jobs = {job.id: job for job in self.jobs()}
        for job_id, expected in self.expected.items():
            job = jobs.get(job_id)
            if job is None:
                assert expected.deleted or not expected.answered, f"{job_id} is lost"
                expected.deleted = True
                continue
            assert not expected.deleted, f"{job_id} came back"
            expected.answered = True
            if expected.end is not None:
                assert job.state is expected.end, f"{job_id} changed after its end"
            elif job.state.is_final:
                allowed = expected.may_end | _given_up(job)
                assert job.state in allowed, f"{job_id} ended as {job.state}"
                expected.end = job.state
            if expected.number is not None:
                assert job.number == expected.number
        assert set(jobs) <= set(self.expected)

    def the_queue_in_memory_is_the_one_on_disk(self) -> None:
        states = {job.id: job.state for job in self.jobs()}
        waiting = {job.id for job in self.service._queue}
        assert waiting == {job_id for job_id, s in states.items() if s is JobState.QUEUED}
        running = set(self.service._attempts)
        assert running == {job_id for job_id, s in states.items() if s is JobState.RUNNING}
        assert self.service.queue_remaining() == len(waiting) + len(running)

    def what_ended_does_not_run_again(self) -> None:
        ended = {job_id for job_id, job in self.expected.items() if job.end is not None}
        still_running = {run.job_id for run in self.pool.ran[self.seen_runs :]} & set(
            self.service._attempts
        )
        assert not ended & still_running
        self.seen_runs = len(self.pool.ran)

    def history_shows_each_output_once(self) -> None:
        history = self.loop.run_until_complete(history_of(self.service))
        assert set(history) == {i for i, job in self.expected.items() if job.end is not None}
        for job_id, entry in history.items():
            succeeded = self.expected[job_id].end is JobState.SUCCESS
            assert entry["outputs"] == SHOWN if succeeded else entry["outputs"] in ({}, SHOWN)
            kinds = [kind for kind, _ in entry["status"]["messages"]]
            assert len(kinds) == len(set(kinds)), "a message stands there twice"
            assert kinds[-1] in (
                "execution_success",
                "execution_error",
                "execution_interrupted",
            )

    def teardown(self) -> None:
        """Let everything run to its end: every job must get one."""
        self.resume()
        while self.service._attempts:
            self.job_ends(0)
            self.nothing_is_lost_or_changed()
        self.history_shows_each_output_once()
        assert all(job.end or job.deleted for job in self.expected.values())
        self.kill_process()
        self.folder.cleanup()


def _all_jobs(db: Any) -> list[Job]:
    from engine.jobs.rows import select

    return select(db, "1")


def _given_up(job: Job) -> set[JobState]:
    return {JobState.ERROR} if job.attempts >= MAX_ATTEMPTS else set()


async def _cancel_the_rest() -> None:
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _soon(action: Any) -> None:
    action()


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
