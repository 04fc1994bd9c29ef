"""Turns the events of a run into the messages of contract §3.1."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from engine.execution.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeIds,
    NodePreview,
    NodeProgress,
    NodesCached,
    NodeStarted,
    RunFinished,
    RunInterrupted,
    RunStarted,
)
from engine.types import Preview
from engine.workers.job_clock import JobClock
from engine.workers.outbox import Outbox
from engine.workers.payload import encode_json
from engine.workers.previews import (
    PREVIEW_TYPE,
    RESULT_TYPE,
    draw_preview,
    encode_result,
)
from engine.workers.wire import FromWorker, JobMessage, JobOutput, JobPreview, Json

PROGRESS_S = 0.05
STATES_S = 0.1
PREVIEW_S = 0.2
"""Between two pictures: nobody sees more than five a second come into being."""

_logger = logging.getLogger(__name__)


class JobReporter:
    """Reports one job. Events may come from any thread.

    Attributes:
        previews: Whether pictures of work in progress are sent.
    """

    def __init__(self, job_id: str, outbox: Outbox) -> None:
        self.previews = False
        self._job_id, self._outbox = job_id, outbox
        self._clock = JobClock()
        self._lock = threading.RLock()
        self._changes = threading.Lock()  # apart: who waits in `put` must not stop the sender
        self._changed: dict[str, dict[str, Any]] = {}
        self._totals: dict[str, float] = {}
        self._running: NodeStarted | None = None
        self._executed: list[str] = []
        self._failed = False

    def show(self, event: Event) -> None:
        """Send what an event means to clients.

        Raises: UnshowableError; whatever drawing a result raises.
        """
        if isinstance(event, NodePreview) and event.preview.is_result:
            self._hand_over(event)
            return
        with self._lock:
            match event:
                case RunStarted():
                    self._send("execution_start", keep=True, timestamp=self._clock.now_ms())
                case NodesCached():
                    nodes = list(event.node_ids)
                    self._send(
                        "execution_cached", keep=True, nodes=nodes, timestamp=self._clock.now_ms()
                    )
                case NodeStarted():
                    self._start(event)
                case NodeProgress():
                    self._progress(event)
                case NodePreview():
                    self._preview(event)
                case NodeFinished():
                    self._finish(event)
                case NodeBlocked():
                    self._block(event)
                case NodeFailed():
                    self._fail(event)
                case RunInterrupted():
                    self._interrupt(event)
                case RunFinished():
                    self._outbox.flush("progress_state")
                    if event.status == "success":
                        self._send("execution_success", keep=True, timestamp=self._clock.now_ms())

    def fail(self, error: BaseException, message: str, traceback: Sequence[str]) -> None:
        """Report a failure that no node has reported; the node that runs is named."""
        with self._lock:
            if self._failed:
                return
            node = self._running
            self._send_error(
                node_id=node.ids.real if node else None,
                node_type=node.node_type if node else None,
                executed=self._executed,
                exception_message=message,
                exception_type=_type_name(error),
                traceback=list(traceback),
                current_inputs={},
            )

    def close(self) -> None:
        """Send what is still to be sent."""
        with self._lock:
            self._outbox.discard("preview")
            self._outbox.flush("progress")
            self._outbox.flush("progress_state")

    # --- nodes ---------------------------------------------------------------------------------

    def _start(self, event: NodeStarted) -> None:
        self._running = event
        self._send("executing", node=event.node_id, display_node=event.display_id)
        self._change(event.ids, "running", 0, 1)

    def _progress(self, event: NodeProgress) -> None:
        data = {"value": event.value, "max": event.total, "node": event.node_id}

        def make() -> list[FromWorker]:
            return [self._message("progress", keep=False, **data)]

        self._outbox.offer("progress", make, PROGRESS_S)
        self._totals[event.node_id] = event.total
        self._change(event.ids, "running", event.value, event.total)

    def _preview(self, event: NodePreview) -> None:
        if not self.previews:
            return
        meta = self._picture_meta(event.ids, PREVIEW_TYPE)

        def make() -> list[FromWorker]:
            return self._drawn(event.preview, meta)

        self._outbox.offer("preview", make, PREVIEW_S)

    def _hand_over(self, event: NodePreview) -> None:
        """Send a result. It is drawn before anything is locked: that may take a second."""
        result = JobPreview(
            job_id=self._job_id,
            image_type=RESULT_TYPE,
            image=encode_result(event.preview),
            meta=self._picture_meta(event.ids, RESULT_TYPE),
            is_result=True,
        )
        with self._lock:
            self._put(result)

    def _picture_meta(self, ids: NodeIds, image_type: str) -> Json:
        return encode_json(
            {
                "node_id": ids.node,
                "prompt_id": self._job_id,
                "display_node_id": ids.display,
                "parent_node_id": ids.parent,
                "real_node_id": ids.real,
                "image_type": image_type,
            }
        )

    def _drawn(self, preview: Preview, meta: Json) -> list[FromWorker]:
        try:
            image = draw_preview(preview)
        except Exception:  # nodes bring the code that draws; no job fails for a passing picture
            _logger.exception("a preview of job %s cannot be drawn", self._job_id)
            return []
        return [JobPreview(job_id=self._job_id, image_type=PREVIEW_TYPE, image=image, meta=meta)]

    def _finish(self, event: NodeFinished) -> None:
        ids = event.ids
        if not event.cached:
            self._executed.append(ids.node)
        if event.ui is not None:
            meta = {
                "node_id": ids.node,
                "display_node": ids.display,
                "parent_node": ids.parent,
                "real_node_id": ids.real,
            }
            output = JobOutput(
                job_id=self._job_id,
                node_id=ids.node,
                ui=encode_json(event.ui),
                meta=encode_json(meta),
            )
            self._put(output)
        if event.ui is not None or event.cached:
            self._send("executed", node=ids.node, display_node=ids.display, output=event.ui)
        total = self._totals.pop(ids.node, 1)
        self._change(ids, "finished", total, total)

    def _block(self, event: NodeBlocked) -> None:
        # The run continues, so this is no part of the job's history (contract §3.1).
        self._send(
            "execution_error",
            node_id=event.ids.real,
            node_type=event.node_type,
            executed=list(event.executed),
            exception_message=f"Execution Blocked: {event.message}",
            exception_type="ExecutionBlocked",
            traceback=[],
            current_inputs={},
            current_outputs=[],
        )

    def _fail(self, event: NodeFailed) -> None:
        self._change(event.ids, "error", 0, 1)
        if self._failed:  # nodes that were under way may fail after the first one did
            _logger.error("%s #%s: %s", event.node_type, event.node_id, event.error)
            return
        self._send_error(
            node_id=event.ids.real,
            node_type=event.node_type,
            executed=event.executed,
            exception_message=str(event.error),
            exception_type=_type_name(event.error),
            traceback=list(event.traceback),
            current_inputs=event.inputs,
        )

    def _interrupt(self, event: RunInterrupted) -> None:
        # A key of our own, which clients that know the contract alone do not miss.
        saved = event.saved and {"saved": dict(zip(("step", "steps"), event.saved, strict=True))}
        self._send(
            "execution_interrupted",
            keep=True,
            node_id=event.ids.real if event.ids else None,
            node_type=event.node_type,
            executed=list(event.executed),
            timestamp=self._clock.now_ms(),
            **(saved or {}),
        )

    # --- messages ------------------------------------------------------------------------------

    def _change(self, ids: NodeIds, state: str, value: float, total: float) -> None:
        """Note a node's progress; changes of many nodes leave as one message."""
        change = {
            "value": value,
            "max": total,
            "state": state,
            "node_id": ids.node,
            "prompt_id": self._job_id,
            "display_node_id": ids.display,
            "parent_node_id": ids.parent,
            "real_node_id": ids.real,
        }
        with self._changes:
            self._changed[ids.node] = change
        self._outbox.offer("progress_state", self._progress_state, STATES_S)

    def _progress_state(self) -> list[FromWorker]:
        with self._changes:
            nodes, self._changed = self._changed, {}
        return [self._message("progress_state", keep=False, nodes=nodes)] if nodes else []

    def _send_error(self, *, executed: Sequence[str], **data: Any) -> None:
        self._failed = True
        ran = list(executed)
        self._send(
            "execution_error",
            keep=True,
            executed=ran,
            current_outputs=ran,
            timestamp=self._clock.now_ms(),
            **data,
        )

    def _send(self, kind: str, *, keep: bool = False, **data: Any) -> None:
        self._put(self._message(kind, keep=keep, **data))

    def _put(self, message: FromWorker) -> None:
        """Send in order: pictures of what is over are worth nothing, its last progress is."""
        self._outbox.discard("preview")
        self._outbox.flush("progress")
        self._outbox.put(message)

    def _message(self, kind: str, *, keep: bool, **data: Any) -> JobMessage:
        body = encode_json({**data, "prompt_id": self._job_id})
        return JobMessage(job_id=self._job_id, kind=kind, data=body, keep=keep)


def _type_name(error: BaseException) -> str:
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
