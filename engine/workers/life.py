"""One life of a local worker: a process from its start to its end, and all that is asked of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from engine.errors import EngineError
from engine.workers.frames import check_version
from engine.workers.log_lines import relay_to
from engine.workers.patience import Patience
from engine.workers.payload import encode_json
from engine.workers.pool import JobEvent, WorkerDiedError, WorkerRefusedError
from engine.workers.process import WorkerProcess
from engine.workers.wire import (
    Alive,
    Answer,
    Broadcast,
    Cancel,
    Converted,
    Failed,
    FromWorker,
    JobEnded,
    JobMessage,
    JobOutput,
    JobPreview,
    Ready,
    Refused,
    Run,
    Start,
    Stop,
    ToWorker,
    Validated,
    WireError,
)

_EXIT_WAIT_S = 2.0

_logger = logging.getLogger(__name__)


class Owner(Protocol):
    """Who keeps a worker alive, and hears how it is."""

    def got_ready(self, ready: Ready) -> None:
        """Learn that the engine is composed."""
        ...

    def ended_job(self) -> None:
        """Learn that the job is over and the worker free."""
        ...

    def gave_sign(self, alive: Alive) -> None:
        """Take a sign of life."""
        ...

    def broadcast(self, message: Broadcast) -> None:
        """Take a pack's message for the browsers."""
        ...


@dataclass(slots=True)
class _Job:
    id: str
    on_event: Callable[[JobEvent], None]
    ended: asyncio.Future[JobEnded]
    cancelled_ticks: int | None = None


class WorkerLife:
    """A worker process and its unanswered questions."""

    def __init__(self, name: str, owner: Owner, patience: Patience) -> None:
        self._name, self._owner, self._patience = name, owner, patience
        self._log = relay_to(_logger, name)
        self._process: WorkerProcess | None = None
        self._numbers = count(1)
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._job: _Job | None = None
        self._is_ready = False
        self._ticks = self._silent_ticks = 0
        self._problem: str | None = None
        self._overdue: str | None = None
        self._lost = asyncio.Event()

    async def serve(self, start: Start, environment: Mapping[str, str], stop: asyncio.Event) -> str:
        """Start the process and stay until it has ended; return why it did, for people.

        Args:
            stop: Set it to end the process in good order.
        """
        try:
            process = await WorkerProcess.spawn(environment, self._log, self)
        except OSError as error:
            return f"it could not be started ({error})"
        self._process = process
        process.send(start)
        tasks = [
            asyncio.create_task(work)
            for work in (stop.wait(), self._watch(process), process.wait(), self._lost.wait())
        ]
        stopped, watched, exited, _ = tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                reason = "the server stops"
                self._settle_all(reason)
                process.send(Stop())
                await process.end(self._patience.stop_s if self._is_ready else 0)
            elif watched.done():
                reason = str(watched.result())
                await process.where_it_hangs()
            else:
                await asyncio.wait([exited], timeout=_EXIT_WAIT_S)
                reason = self._problem or process.explain_end()
        finally:
            for task in tasks:
                task.cancel()
            await process.kill()
        self._settle_all(reason)
        return reason

    async def ask(self, make: Callable[[int], ToWorker]) -> Any:
        """Send the request that `make` returns for a number; return the answer.

        Raises: WorkerDiedError, WorkerRefusedError, WireError.
        """
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._requests[number] = future
        try:
            self.send(make(number))
            async with asyncio.timeout(self._patience.answer_s):
                answer = await future
        except TimeoutError:
            self._overdue = f"it gave no answer within {self._patience.answer_s:g} s"
            raise WorkerRefusedError(self._name, self._overdue + ".") from None
        finally:
            del self._requests[number]
        if isinstance(answer, Refused):
            raise WorkerRefusedError(self._name, answer.error)
        return answer

    async def run(self, run: Run, on_event: Callable[[JobEvent], None]) -> JobEnded:
        """Run a job; whoever gives up waiting stops it. Raises: WorkerDiedError, WireError."""
        ended: asyncio.Future[JobEnded] = asyncio.get_running_loop().create_future()
        self._job = _Job(run.job_id, on_event, ended)
        try:
            self.send(run)
            return await ended
        except asyncio.CancelledError:
            self.cancel(run.job_id)
            raise
        except WireError:
            self._job = None
            raise

    def cancel(self, job_id: str) -> None:
        """Stop the job if it runs here."""
        if self._job is not None and self._job.id == job_id:
            self.send(Cancel(job_id=job_id))
            if self._job.cancelled_ticks is None:
                self._job.cancelled_ticks = 0

    def send(self, message: ToWorker) -> None:
        """Send a message. Raises: WireError, when it is too large."""
        if self._process is not None:
            self._process.send(message)

    # --- what the process says -----------------------------------------------------------------

    def received(self, message: FromWorker) -> None:
        """Take a message of the process."""
        self._silent_ticks = 0
        match message:
            case JobMessage() | JobOutput() | JobPreview():
                self._pass_on(message)
            case JobEnded():
                self._end_job(message)
            case Validated() | Converted() | Answer() | Refused():
                future = self._requests.get(message.request)
                if future is not None and not future.done():
                    future.set_result(message)
            case Alive():
                self._owner.gave_sign(message)
            case Broadcast():
                self._owner.broadcast(message)
            case Ready():
                self._get_ready(message)
            case Failed():
                self._problem = message.error.rstrip(".")

    def disconnected(self, problem: str | None) -> None:
        """Learn that the connection is gone."""
        self._problem = self._problem or problem
        self._lost.set()

    def _get_ready(self, ready: Ready) -> None:
        try:
            check_version(ready.version)
        except EngineError as error:
            self.disconnected(str(error))
            return
        self._is_ready = True
        self._owner.got_ready(ready)

    def _pass_on(self, event: JobEvent) -> None:
        if self._job is not None and self._job.id == event.job_id:
            _deliver(self._job, event)

    def _end_job(self, ended: JobEnded) -> None:
        job = self._job
        if job is None or job.id != ended.job_id:
            return
        self._job = None
        self._owner.ended_job()
        if not job.ended.done():
            job.ended.set_result(ended)

    # --- its end -------------------------------------------------------------------------------

    async def _watch(self, process: WorkerProcess) -> str:
        """Wait until the process must be ended; return the reason.

        Time is counted in looks at it: a computer that slept has not waited.
        """
        patience = self._patience
        while True:
            await asyncio.sleep(patience.tick_s)
            self._ticks += 1
            self._silent_ticks += 1
            if not self._is_ready:
                if self._ticks * patience.tick_s > patience.start_s:
                    return f"it did not get ready within {patience.start_s:g} s"
            elif self._silent_ticks * patience.tick_s > patience.silence_s:
                return f"it gave no sign of life for {patience.silence_s:g} s"
            job = self._job
            if job is None and self._overdue is not None:  # a pack's check blocks all others
                return self._overdue
            if job is not None and job.cancelled_ticks is not None:
                job.cancelled_ticks += 1
                if job.cancelled_ticks * patience.tick_s > patience.cancel_s:
                    return f"its job did not stop within {patience.cancel_s:g} s when told to"

    def _settle_all(self, reason: str) -> None:
        """Tell everybody who waits that nothing more comes."""
        for future in self._requests.values():
            if not future.done():
                future.set_exception(WorkerDiedError(self._name, reason))
        job, self._job = self._job, None
        if job is None or job.ended.done():
            return
        if job.cancelled_ticks is None:
            job.ended.set_exception(WorkerDiedError(self._name, reason))
            return
        _deliver(job, _interrupted(job.id))
        job.ended.set_result(JobEnded(job_id=job.id, state="cancelled"))


def _deliver(job: _Job, event: JobEvent) -> None:
    try:
        job.on_event(event)
    except Exception:  # a listener's fault must not cost the worker its connection
        _logger.exception("job %s: an event could not be passed on", job.id)


def _interrupted(job_id: str) -> JobMessage:
    """Return what the worker has no time to send any more."""
    data: dict[str, Any] = {
        "prompt_id": job_id,
        "node_id": None,
        "node_type": None,
        "executed": [],
        "timestamp": time.time_ns() // 1_000_000,
    }
    kind = "execution_interrupted"
    return JobMessage(job_id=job_id, kind=kind, data=encode_json(data), keep=True)
