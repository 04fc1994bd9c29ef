"""One attempt at a job: given to a worker, followed to its end, the end written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.jobs.messages import LAST_WORDS, last_message, now_ms
from engine.jobs.model import Job, JobState, KeptMessage, NodeOutput
from engine.jobs.notes import JobNotes, until_written
from engine.jobs.progress import JobProgress
from engine.jobs.publish import NOBODY, Publisher
from engine.jobs.queue import QueuedJob
from engine.jobs.store import JobStore
from engine.workers.pool import JobEvent, WorkerDiedError, WorkerPool
from engine.workers.wire import JobEnded, JobOutput, JobPreview

_TO_ALL_WITHOUT_OWNER = {"progress", "progress_state", "execution_interrupted"}

_LOG = logging.getLogger(__name__)


class Attempt:
    """A job on a worker.

    Attributes:
        job: As claimed; None before that, or when it was not to be had any more.
        needs_worker: False once the worker may begin another job, while this one is written down.
        node_id: The node that runs, or ran last.
    """

    def __init__(
        self,
        queued: QueuedJob,
        worker: str,
        store: JobStore,
        pool: WorkerPool,
        publish: Publisher,
        freed: Callable[[], None],
        ending: asyncio.Lock,
    ) -> None:
        """Plan an attempt.

        Args:
            freed: Called when it needs its worker no longer.
            ending: Shared by all attempts: they come into history in the order in which they end.
        """
        self.queued, self.worker = queued, worker
        self.needs_worker = True
        self._freed, self._ending = freed, ending
        self.job: Job | None = None
        self.node_id: str | None = None
        self._store, self._pool, self._publish = store, pool, publish
        self._notes = JobNotes(store, queued.id)
        self._shown: list[NodeOutput] = []
        self._heard = JobProgress()
        self._last_words: KeptMessage | None = None
        self._begun = self._cancelled = False
        self._latest_ms = 0

    @property
    def progress(self) -> float:
        """The share of the job that is done, 0 to 1."""
        return 0.0 if self.job is None else self._heard.share_of(len(self.job.prompt))

    def cancel(self) -> None:
        """Stop the job within a step."""
        self._cancelled = True
        self._pool.cancel(self.queued.id)

    async def run(self) -> Job | None:
        """Run the job to its end; return it when it is to be queued again.

        What was said at its end is said to the clients by `say_end`, once the queue shows it.
        """
        claimed = await until_written(lambda: self._store.claim(self.queued.id, self.worker))
        if claimed is None:
            return None
        self.job = job = claimed.job
        self._shown = [output for output in claimed.outputs if not _is_temporary(output.ui)]
        try:
            ended = await self._run(job)
        except WorkerDiedError as error:
            _LOG.warning("Job %s: %s", job.id, error)
            return await self._after_death(job)
        except Exception as error:  # noqa: BLE001 - the edge: one job must not end the queue
            _LOG.exception("Job %s could not be run", job.id)
            name = "" if isinstance(error, EngineError) else f"{type(error).__name__}: "
            ended = JobEnded(job_id=job.id, state="error", error=f"{name}{error}")
        self.needs_worker = False
        self._freed()
        await self._finish(JobState(ended.state), ended.error)
        return None

    async def leave(self) -> None:
        """After `run` was cancelled: stop the worker's work and queue the job again."""
        await self._notes.close()
        if self.job is not None:
            self._pool.cancel(self.job.id)
            await self._store.return_to_queue(self.job.id, worker_died=False, left=True)

    def say_end(self) -> None:
        """Tell the clients how it ended; the job is in history by now."""
        if self._last_words is not None:
            tell_end(self._publish, self.queued, self._last_words)

    async def _run(self, job: Job) -> JobEnded:
        """Run what no earlier attempt has shown; temporary files may be gone, so they count not."""
        if self._cancelled:
            return JobEnded(job_id=job.id, state="cancelled")
        done = {output.node_id for output in self._shown}
        outputs = [node_id for node_id in job.outputs if node_id not in done]
        if not outputs:  # the last attempt ended between the last output and the end
            self._on_message(
                "execution_start", {"prompt_id": job.id, "timestamp": now_ms()}, keep=True
            )
            return JobEnded(job_id=job.id, state="success")
        extra_data = {**job.extra_data, **self.queued.secrets}
        return await self._pool.run(
            self.worker, job.id, job.prompt, outputs, extra_data, self._on_event
        )

    def _show_again(self) -> None:
        """Tell the clients what earlier attempts showed."""
        for output in self._shown:
            data = {
                "node": output.node_id,
                "display_node": output.meta.get("display_node", output.node_id),
                "output": output.ui,
                "prompt_id": self.queued.id,
            }
            self._send("executed", data)

    def _on_event(self, event: JobEvent) -> None:
        self._begun = True
        if self._cancelled:
            self._pool.cancel(event.job_id)  # it may have come before the worker had the job
        if isinstance(event, JobOutput):
            ui, meta = msgspec.json.decode(event.ui), msgspec.json.decode(event.meta)
            self._notes.add(NodeOutput(event.node_id, ui, meta))
        elif isinstance(event, JobPreview):
            meta = msgspec.json.decode(event.meta)
            self._publish.preview(
                event.image_type,
                event.image,
                meta,
                client_id=self.queued.client,
                is_result=event.is_result,
            )
        else:
            self._on_message(event.kind, msgspec.json.decode(event.data), keep=event.keep)

    def _on_message(self, kind: str, data: dict[str, Any], *, keep: bool) -> None:
        if "timestamp" in data:  # a clock that was set in between must not turn the order round
            self._latest_ms = data["timestamp"] = max(self._latest_ms, data["timestamp"])
        if keep and kind in LAST_WORDS.values():
            self._last_words = KeptMessage(kind, data)  # said when the job is in history
            return
        if keep:
            self._notes.add(KeptMessage(kind, data))
        if kind == "executing" and data.get("node") is not None:
            self.node_id = data["node"]
        self._heard.hear(kind, data)
        self._send(kind, data)
        if kind == "execution_start":
            self._show_again()

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        tell(self._publish, self.queued, kind, data)

    async def _after_death(self, job: Job) -> Job | None:
        if self._cancelled:
            await self._finish(JobState.CANCELLED, None)
            return None
        await self._notes.flush()
        # A worker that had not begun was not killed by this job.
        again = await until_written(
            lambda: self._store.return_to_queue(
                job.id, worker_died=self._begun, node_id=self.node_id
            )
        )
        if again is not None and again.state.is_final:
            words = (await self._store.messages(again.id))[-1]
            self._last_words = KeptMessage(words.type, words.data)
            return None
        self._last_words = None
        return again

    async def _finish(self, state: JobState, error: str | None) -> None:
        async with self._ending:  # what follows on this worker may end before the notes are written
            rest = await self._notes.rest()
        words = self._last_words
        if words is None or words.type != LAST_WORDS[state]:
            words = self._last_words = last_message(
                self.queued.id,
                state,
                reason=error,
                node_id=self.node_id,
                node_type=self.job.node_type(self.node_id) if self.job else None,
                not_before_ms=self._latest_ms,
            )
        kept = [*rest, words]
        await until_written(lambda: self._store.finish(self.queued.id, state, error, kept))


def tell(publish: Publisher, queued: QueuedJob, kind: str, data: dict[str, Any]) -> None:
    """Send a message about a job to whom it is for."""
    nobody = None if kind in _TO_ALL_WITHOUT_OWNER else NOBODY
    publish.send(kind, data, client_id=queued.client or nobody)


def tell_end(publish: Publisher, queued: QueuedJob, words: KeptMessage) -> None:
    """Send a job's last words and the mark that nothing follows."""
    tell(publish, queued, words.type, dict(words.data))
    tell(publish, queued, "executing", {"node": None, "prompt_id": queued.id})


def _is_temporary(ui: Mapping[str, Any]) -> bool:
    shown = (item for items in ui.values() if isinstance(items, list) for item in items)
    return any(isinstance(item, Mapping) and item.get("type") == "temp" for item in shown)
