"""The queue as the server uses it: takes prompts in, has workers run them, keeps their history."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Any

import msgspec

from engine.errors import InvalidValueError
from engine.jobs.attempt import tell_end
from engine.jobs.dispatcher import Dispatcher
from engine.jobs.history import KEEP_BYTES, KEEP_JOBS, History
from engine.jobs.messages import last_message
from engine.jobs.model import Job, JobState, Message
from engine.jobs.overview import Overview
from engine.jobs.publish import Publisher
from engine.jobs.queue import QueuedJob
from engine.jobs.store import JobStore
from engine.jobs.submission import Submission, accepted, check_request, new_job, said, validate
from engine.workers.pool import WorkerPool
from engine.workers.wire import Broadcast

STATUS_INTERVAL_S = 0.02


class JobService:
    """Durable jobs on a pool of workers. All methods belong to one event loop.

    Attributes:
        overview: What lists show of jobs.
    """

    def __init__(
        self,
        store: JobStore,
        pool: WorkerPool,
        publish: Publisher,
        *,
        history_jobs: int = KEEP_JOBS,
        history_bytes: int = KEEP_BYTES,
    ) -> None:
        """Compose a service; `start` it before use.

        Args:
            history_jobs: Finished jobs that are kept.
            history_bytes: Bytes that finished jobs may take; the newest is kept whatever it takes.
        """
        self._store, self._pool, self._publish = store, pool, publish
        self.overview = Overview(store)
        self._history = History(store, history_jobs, history_bytes)
        self._dispatcher = Dispatcher(
            store, pool, publish, changed=self._changed, finished=self._history.count_finished
        )
        self._queue, self._attempts = self._dispatcher.queue, self._dispatcher.attempts
        self._writing: set[asyncio.Task[None]] = set()
        self._last_turn = 0
        self._started = False
        self._announcing: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Take up what an earlier process left, and begin to run jobs."""
        self._last_turn = await self._store.last_turn()
        self._dispatcher.paused = await self._store.is_paused()
        for job in await self._store.recover():
            self._queue.add(QueuedJob.of(job))
        await self._history.trim()
        self._pool.listen(changed=self._dispatcher.wake, broadcast=self._pass_on)
        self._started = True
        self._dispatcher.start()

    async def stop(self) -> None:
        """Stop running jobs; those that run are queued again for the next start."""
        self._started = False
        if self._announcing is not None:
            self._announcing.cancel()
        await self._dispatcher.stop()

    @property
    def paused(self) -> bool:
        """Whether no further job is begun; a restart changes nothing about it."""
        return self._dispatcher.paused

    # --- taking prompts in -----------------------------------------------------------------------

    async def submit(
        self,
        *,
        prompt: Mapping[str, Any],
        client_id: str | None,
        prompt_id: str | None,
        number: float | None,
        front: bool,
        extra_data: Mapping[str, Any],
        targets: Sequence[str] | None,
    ) -> Submission:
        """Check a prompt and queue it; returns when it is on disk.

        Args:
            number: Its place in the queue; None takes the next turn.
            front: Before all that has no such place; not looked at when `number` is given.
            targets: Nodes to run, with what they need; None means all output nodes.

        Raises: PromptRejectedError, JobExistsError, WorkerDiedError, DatabaseError.
        """
        check_request(prompt_id, number)
        extra_data = {**extra_data, **({} if client_id is None else {"client_id": client_id})}
        rest = said(
            extra_data=extra_data, client_id=client_id, prompt_id=prompt_id, number=number,
            front=front or None, partial_execution_targets=targets,
        )  # fmt: skip
        validated = await validate(self._pool, prompt, targets, rest)
        node_errors = accepted(validated)
        self._last_turn += 1
        job = new_job(
            validated,
            self._last_turn,
            prompt_id=prompt_id,
            number=number,
            front=front,
            extra_data=extra_data,
        )
        await self._enqueue(job)
        return Submission(job.id, job.number, node_errors)

    async def _enqueue(self, job: Job) -> None:
        # Shielded: a client that hangs up now must not leave a job that only the disk knows.
        writing = asyncio.create_task(self._write(job))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.shield(writing)

    async def _write(self, job: Job) -> None:
        await self._store.submit(job)
        self._queue.add(QueuedJob.of(job))
        self._changed()

    # --- the queue -------------------------------------------------------------------------------

    def queue_remaining(self) -> int:
        """Count waiting and running jobs."""
        return len(self._queue) + len(self._attempts)

    async def running(self) -> list[Job]:
        """List the jobs that run."""
        return await self._store.unfinished(JobState.RUNNING)

    def progress(self) -> dict[str, float]:
        """Return the share that is done, 0 to 1, of each job that runs."""
        return {job_id: attempt.progress for job_id, attempt in self._attempts.items()}

    async def pending(self) -> list[Job]:
        """List the jobs that wait, by number."""
        return await self._store.unfinished(JobState.QUEUED)

    async def job(self, job_id: str) -> Job | None:
        """Return a job in whatever state, or None."""
        return await self._store.get(job_id)

    async def delete_pending(self, job_ids: Collection[str]) -> None:
        """Delete waiting jobs; others are left alone."""
        for job_id in await self._store.delete(job_ids, state="queued"):
            self._queue.remove(job_id)
        self._changed()

    async def clear_pending(self) -> None:
        """Delete all waiting jobs."""
        await self.delete_pending([job.id for job in self._queue])

    async def move(self, job_id: str, number: float) -> bool:
        """Give a waiting job another place in the queue; False when it does not wait.

        Raises: InvalidValueError, when the number is not finite.
        """
        if not math.isfinite(number):
            raise InvalidValueError('queue place "number"', number, "a finite number")
        moved = await self._store.set_number(job_id, number)
        if moved:
            self._queue.move(job_id, number)
            self._changed()
        return moved

    async def pause(self) -> None:
        """Begin no further job; those that run go on."""
        await self._store.set_paused(True)
        self._dispatcher.paused = True
        self._changed()

    async def resume(self) -> None:
        """Begin jobs again."""
        await self._store.set_paused(False)
        self._dispatcher.paused = False
        self._changed()

    async def interrupt(self, job_id: str | None) -> None:
        """Stop a running job, or all that run; nothing happens to waiting ones."""
        for attempt in list(self._attempts.values()):
            if job_id in (None, attempt.queued.id):
                attempt.cancel()

    async def cancel(self, job_id: str) -> bool:
        """Stop a running job, or put a waiting one into history; False when it is neither."""
        if job_id in self._attempts:
            self._attempts[job_id].cancel()
            return True
        if job_id not in self._queue:
            return False
        words = last_message(job_id, JobState.CANCELLED)
        if await self._store.finish(job_id, JobState.CANCELLED, kept=[words]):
            queued = self._queue.remove(job_id)
            if queued is not None:
                tell_end(self._publish, queued, words)
            self._changed()
        return True

    # --- history ---------------------------------------------------------------------------------

    def history(
        self, limit: int | None = None, offset: int | None = None
    ) -> AsyncGenerator[dict[str, msgspec.Raw], None]:
        """Give finished jobs by id, oldest first, in pages: JSON as contract §5 has it.

        Without an offset (or with a negative one) the last `limit` are meant.
        """
        return self._history.pages(limit, offset)

    async def history_entry(self, job_id: str) -> dict[str, msgspec.Raw]:
        """Return {job_id: entry as JSON}, or {} when no such job is finished."""
        return await self._store.entries(iter([job_id]))

    async def delete_history(self, job_ids: Collection[str]) -> None:
        """Forget finished jobs; others are left alone."""
        await self._store.delete(job_ids, state="finished")

    async def clear_history(self) -> None:
        """Forget all finished jobs."""
        await self._store.clear_history()

    async def events_since(self, seq: int, limit: int = 1000) -> list[Message]:
        """List the first `limit` kept messages of all jobs after number `seq`."""
        return await self._store.messages(after=seq, limit=limit)

    # --- telling the clients ---------------------------------------------------------------------

    def _changed(self) -> None:
        """Say that the queue changed, once for many changes, and begin what can begin."""
        self._dispatcher.wake()
        if self._announcing is None and self._started:
            loop = asyncio.get_running_loop()
            self._announcing = loop.call_later(STATUS_INTERVAL_S, self._announce)

    def _announce(self) -> None:
        self._announcing = None
        status = {"exec_info": {"queue_remaining": self.queue_remaining()}}
        self._publish.send("status", {"status": status}, client_id=None)

    def _pass_on(self, message: Broadcast) -> None:
        """Send a pack's message to the browsers."""
        self._publish.send(message.event, msgspec.json.decode(message.data), client_id=message.sid)
