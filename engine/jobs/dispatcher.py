"""Begins waiting jobs on idle workers, and follows each to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from engine.jobs.attempt import Attempt
from engine.jobs.database import DatabaseError
from engine.jobs.publish import Publisher
from engine.jobs.queue import JobQueue, QueuedJob
from engine.jobs.scheduler import Choice, choose
from engine.jobs.store import JobStore
from engine.workers.pool import WorkerPool, WorkerState

_LOG = logging.getLogger(__name__)


class Dispatcher:
    """The jobs that wait and those that run. All methods belong to one event loop.

    Attributes:
        queue: What waits.
        attempts: What runs, by job id.
        paused: No further job is begun.
    """

    def __init__(
        self,
        store: JobStore,
        pool: WorkerPool,
        publish: Publisher,
        *,
        changed: Callable[[], None],
        finished: Callable[[], Awaitable[None]],
    ) -> None:
        """Compose a dispatcher; `start` it before use.

        Args:
            changed: Called when a job is at an end, or waits again.
            finished: Called when a job has come into history.
        """
        self.queue = JobQueue()
        self.attempts: dict[str, Attempt] = {}
        self.paused = False
        self._store, self._pool, self._publish = store, pool, publish
        self._changed, self._finished = changed, finished
        self._started = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Lock()
        self._dispatching: asyncio.Handle | None = None

    def start(self) -> None:
        """Begin what can begin."""
        self._started = True
        self.wake()

    async def stop(self) -> None:
        """Stop running jobs; those that run are queued again for the next start."""
        self._started = False
        if self._dispatching is not None:
            self._dispatching.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for attempt in self.attempts.values():
            try:
                await attempt.leave()
            except DatabaseError as error:  # the next start queues it again
                _LOG.error("Job %s: %s", attempt.queued.id, error)
        self.attempts.clear()

    def wake(self) -> None:
        """Look soon whether a job can begin."""
        if self._dispatching is None and self._started:
            self._dispatching = asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = None
        while self._started and not self.paused:
            taken = {a.worker for a in self.attempts.values() if a.needs_worker}
            idle = [
                worker
                for worker in self._pool.workers()
                if worker.state is WorkerState.IDLE and worker.name not in taken
            ]
            choice = choose(self.queue, idle, time.monotonic())
            if choice is None:
                return
            self._begin(choice)

    def _begin(self, choice: Choice) -> None:
        for overtaken in choice.overtaken:
            overtaken.overtaken += 1
            if overtaken.overtaken_since is None:
                overtaken.overtaken_since = time.monotonic()
        queued = self.queue.take(choice.job.id)
        attempt = Attempt(
            queued,
            choice.worker,
            self._store,
            self._pool,
            self._publish,
            self.wake,
            self._ending,
        )
        self.attempts[queued.id] = attempt
        task = asyncio.create_task(self._follow(attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, attempt: Attempt) -> None:
        try:
            again = await attempt.run()
        except Exception:  # noqa: BLE001 - the edge: one job must not stop the queue
            _LOG.exception("Job %s is left as it is until the next start", attempt.queued.id)
            again = None
        del self.attempts[attempt.queued.id]
        if again is not None:
            self.queue.add(QueuedJob.of(again, attempt.queued.secrets))
        attempt.say_end()
        self._changed()
        if again is None:
            await self._finished()
