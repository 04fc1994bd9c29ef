"""Runs jobs in a worker, one at a time, and stops the one that runs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import traceback
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from typing import Any

from engine.cache.store import Reason
from engine.errors import EngineError
from engine.execution.context import CancelToken
from engine.execution.events import Event, NodesCached
from engine.execution.runner import RunRequest, RunResult
from engine.graph.api_format import parse_api
from engine.graph.json_input import loads
from engine.graph.validate import Validation, validate
from engine.workers.compose import Engine
from engine.workers.outbox import Outbox
from engine.workers.previews import previews_wanted
from engine.workers.reporter import JobReporter
from engine.workers.wire import JobEnded, Run

_STATES = {"success": "success", "error": "error", "interrupted": "cancelled"}
_REMEMBERED_NODES = 50_000

_logger = logging.getLogger(__name__)


class StaleJobError(EngineError):
    """A job that was valid when it was queued cannot run any more."""

    code = "stale_job"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"This job cannot run any more: {problem}")


class JobDesk:
    """The job that runs, its stop button, and why nodes of past jobs ran."""

    def __init__(self, engine: Engine, outbox: Outbox) -> None:
        self._engine, self._outbox = engine, outbox
        self._lock = threading.Lock()
        self._accepted: dict[str, CancelToken] = {}
        self._running: str | None = None
        self._client_id: str | None = None
        self._reasons: OrderedDict[str, Mapping[str, Reason]] = OrderedDict()
        self._remembered = 0
        self._loop = asyncio.Runner()

    @property
    def job_id(self) -> str | None:
        """The job that runs, or None."""
        return self._running

    @property
    def client_id(self) -> str | None:
        """The client whose job runs, or None."""
        return self._client_id

    def accept(self, job_id: str) -> None:
        """Note that a job came in, so that it can be cancelled before it begins."""
        with self._lock:
            self._accepted[job_id] = CancelToken()

    def cancel(self, job_id: str | None) -> None:
        """Stop a job within a step; None stops whichever is here. From any thread."""
        with self._lock:
            tokens = [t for accepted, t in self._accepted.items() if job_id in (None, accepted)]
        for token in tokens:
            token.cancel()

    def reasons(self, job_id: str) -> Mapping[str, Reason]:
        """Return why each node of a job was a hit or a miss; empty when it is not known here."""
        with self._lock:
            return self._reasons.get(job_id, {})

    def work(self, run: Run) -> None:
        """Run an accepted job in this thread; whatever its nodes do, the worker is told."""
        reporter = JobReporter(run.job_id, self._outbox)
        self._running = run.job_id
        try:
            result = self._in_loop(self._run(run, reporter))
            state, error = _STATES[result.status], str(result.error) if result.error else None
        except BaseException as raised:  # noqa: BLE001 - nodes are anybody's code
            state, error = "error", _fail(reporter, raised)
        reporter.close()
        self._running = self._client_id = None
        with self._lock:
            del self._accepted[run.job_id]
        self._outbox.put(JobEnded(job_id=run.job_id, state=state, error=error))

    def _in_loop(self, work: Coroutine[Any, Any, RunResult]) -> RunResult:
        """Run a job in the loop of the last one, unless that left tasks behind."""
        try:
            return self._loop.run(work, context=contextvars.copy_context())
        finally:
            if asyncio.all_tasks(self._loop.get_loop()):
                stale, self._loop = self._loop, asyncio.Runner()
                stale.close()

    async def _run(self, run: Run, reporter: JobReporter) -> RunResult:
        extra_data: dict[str, Any] = loads(run.extra_data, "extra_data")
        client_id = extra_data.get("client_id")
        self._client_id = client_id if isinstance(client_id, str) else None
        reporter.previews = previews_wanted(self._engine.settings.preview_method, extra_data)
        prompt = loads(run.prompt, "prompt")
        graph = parse_api(prompt)
        # It may have been checked long ago, by a worker with other packs and files.
        validation = await validate(graph, self._engine.registry, run.outputs)
        _refuse_stale(validation, run.outputs)
        request = RunRequest(
            graph=validation.graph,
            outputs=validation.outputs,
            prompt_id=run.job_id,
            prompt=prompt,
            extra_data=extra_data,
        )

        def show(event: Event) -> None:
            if isinstance(event, NodesCached):
                self._remember(run.job_id, event.reasons)
            reporter.show(event)

        return await self._engine.runner.run(request, show, self._accepted[run.job_id])

    def _remember(self, job_id: str, reasons: Mapping[str, Reason]) -> None:
        with self._lock:
            self._remembered += len(reasons) - len(self._reasons.pop(job_id, ()))
            self._reasons[job_id] = reasons
            while self._remembered > _REMEMBERED_NODES and len(self._reasons) > 1:
                self._remembered -= len(self._reasons.popitem(last=False)[1])


def _refuse_stale(validation: Validation, outputs: list[str]) -> None:
    """Raises: StaleJobError, naming the first problem, when not every output can run."""
    if set(validation.outputs) == set(outputs):
        return
    problems = [
        f"{found['class_type']} #{node_id}: {error['message']} ({error['details']})"
        for node_id, found in validation.node_errors.items()
        for error in found["errors"]
    ]
    if validation.error is not None:
        problems.append(f"{validation.error['message']} ({validation.error['details']})")
    lost = ", ".join(f"#{node}" for node in outputs if node not in validation.outputs)
    raise StaleJobError(problems[0] if problems else f"{lost} are no output nodes here.")


def _fail(reporter: JobReporter, raised: BaseException) -> str:
    """Report what no node has reported; return it in words."""
    message = str(raised)
    if not isinstance(raised, EngineError):
        _logger.error("a job failed outside of its nodes", exc_info=raised)
        message = f"{type(raised).__name__}: {message}"
    reporter.fail(raised, message, traceback.format_tb(raised.__traceback__))
    return message
