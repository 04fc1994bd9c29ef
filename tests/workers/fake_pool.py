"""A `WorkerPool` without processes, for tests of what uses one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from engine.workers.pool import (
    JobEvent,
    WorkerDiedError,
    WorkerInfo,
    WorkerState,
    model_files,
)
from engine.workers.wire import Broadcast, Converted, JobEnded, JobMessage, JobOutput, Validated

encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class FakeRun:
    """One call of `FakePool.run`."""

    worker: str
    job_id: str
    prompt: Mapping[str, Any]
    outputs: Sequence[str]
    extra_data: Mapping[str, Any]


class FakePool:
    """What a node of a job does follows from its `class_type`, as in the tests' node pack.

    "Show" shows {"text": [inputs["text"]]}; "Wait" waits until the job is cancelled, its worker
    killed, or `release` called; "Fail" fails with inputs["text"]; any other type runs and shows
    nothing. "Missing" is a type that validation does not know. Nodes that feed no other node are
    the outputs.

    Attributes:
        ran: Every run, in the order they began.
        answers: What `query` returns as JSON, by (topic, argument).
        freed: The arguments of every `free`: (unload_models, free_memory).
        pack_routes: What `routes` returns.
    """

    def __init__(self, workers: Sequence[str] = ("cpu",), *, start_s: float = 0.0) -> None:
        self.ran: list[FakeRun] = []
        self.answers: dict[tuple[str, str], Any] = {
            ("object_info", ""): {},
            ("packs", ""): [],
            ("undescribed", ""): {},
            ("replacements", ""): {},
        }
        self.freed: list[tuple[bool, bool]] = []
        self.pack_routes: dict[str, tuple[int, str]] = {}
        self._start_s = start_s
        self._workers = {
            name: WorkerInfo(name=name, device=name, state=WorkerState.STARTING) for name in workers
        }
        self._running: dict[str, asyncio.Future[str]] = {}  # by job; "cancel", "release" or "die …"
        self._ready = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._changed: Callable[[], None] = lambda: None
        self._broadcast: Callable[[Broadcast], None] = lambda message: None

    # --- what tests do to it -------------------------------------------------------------------

    def kill(self, worker: str, reason: str = "it was killed by signal 9") -> None:
        """End a worker as if its process had died; it is idle again at once."""
        info = self._workers[worker]
        if info.job_id in self._running:
            self._settle(info.job_id, f"die {reason}")
        self._update(worker, state=WorkerState.IDLE, job_id=None, restarts=info.restarts + 1)

    def get_ready_again(self, worker: str, after_s: float) -> None:
        """Have a worker start again, as after its death, and be ready after a while."""
        self._update(worker, state=WorkerState.STARTING)
        self._ready.clear()

        def be_ready() -> None:
            self._update(worker, state=WorkerState.IDLE)
            self._ready.set()

        asyncio.get_running_loop().call_later(after_s, be_ready)

    def release(self, job_id: str) -> None:
        """Let the "Wait" nodes of a running job end."""
        self._settle(job_id, "release")

    def send(self, event: str, data: Any, sid: str | None = None) -> None:
        """Send a pack's message."""
        self._broadcast(Broadcast(event=event, data=encode(data), sid=sid))

    def set_models(self, worker: str, *models: str) -> None:
        """Say which model files a worker used last."""
        self._update(worker, models=frozenset(models))

    async def until_running(self, job_id: str) -> None:
        """Wait until a job with a "Wait" node waits."""
        async with asyncio.timeout(60):
            while job_id not in self._running:
                await asyncio.sleep(0)

    # --- WorkerPool ----------------------------------------------------------------------------

    async def start(self) -> None:
        async def get_ready() -> None:
            await asyncio.sleep(self._start_s)
            for name in self._workers:
                self._update(name, state=WorkerState.IDLE)
            self._ready.set()

        self._starting = asyncio.create_task(get_ready())

    async def stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
        for name in self._workers:
            self.kill(name, "the pool was stopped")
            self._update(name, state=WorkerState.DEAD)

    def workers(self) -> Sequence[WorkerInfo]:
        return list(self._workers.values())

    def listen(
        self, *, changed: Callable[[], None], broadcast: Callable[[Broadcast], None]
    ) -> None:
        self._changed, self._broadcast = changed, broadcast

    async def ready(self) -> None:
        await self._ready.wait()

    async def validate(
        self,
        prompt: Mapping[str, Any],
        targets: Sequence[str] | None,
        rest: Mapping[str, Any],
    ) -> Validated:
        await self.ready()
        fed = {
            value[0]
            for node in prompt.values()
            for value in node.get("inputs", {}).values()
            if isinstance(value, list)
        }
        outputs = [n for n in prompt if n not in fed and (targets is None or n in targets)]
        error: dict[str, Any] | None = None
        missing = [n for n, node in prompt.items() if node["class_type"] == "Missing"]
        if missing:
            error = _error("invalid_prompt", "A node type is not known", f"Node ID '#{missing[0]}'")
        elif not outputs:
            error = _error("prompt_no_outputs", "The prompt has no outputs", "")
        return Validated(
            request=0,
            outputs=[] if error else outputs,
            prompt=encode(prompt),
            error=encode(error),
            node_errors=encode({}),
        )

    async def convert(self, workflow: Mapping[str, Any]) -> Converted:
        await self.ready()
        nodes = workflow.get("nodes")
        if not isinstance(nodes, list):
            return Converted(request=0, prompt=b"{}", problem="workflow: it has no list of nodes")
        prompt = {str(node["id"]): {"class_type": node["type"], "inputs": {}} for node in nodes}
        return Converted(request=0, prompt=encode(prompt))

    async def query(self, topic: str, argument: str = "") -> bytes:
        await self.ready()
        return encode(self.answers.get((topic, argument), {}))

    async def run(
        self,
        worker: str,
        job_id: str,
        prompt: Mapping[str, Any],
        outputs: Sequence[str],
        extra_data: Mapping[str, Any],
        on_event: Callable[[JobEvent], None],
    ) -> JobEnded:
        self.ran.append(FakeRun(worker, job_id, prompt, outputs, extra_data))
        if self._workers[worker].state is not WorkerState.IDLE:
            raise WorkerDiedError(worker, f"it is {self._workers[worker].state}")
        models = self._workers[worker].models | model_files(prompt)
        self._update(worker, state=WorkerState.BUSY, job_id=job_id, models=models)
        try:
            return await _FakeJob(self, worker, job_id, prompt, on_event).run()
        finally:
            self._running.pop(job_id, None)
            if self._workers[worker].job_id == job_id:
                self._update(worker, state=WorkerState.IDLE, job_id=None)

    async def wait_for(self, job_id: str) -> str:
        """Wait until somebody cancels, releases or kills a job; return which."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._running[job_id] = future
        return await future

    def cancel(self, job_id: str) -> None:
        self._settle(job_id, "cancel")

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        self.freed.append((unload_models, free_memory))

    def routes(self) -> Mapping[str, tuple[int, str]]:
        return self.pack_routes

    def _settle(self, job_id: str, how: str) -> None:
        future = self._running.get(job_id)
        if future is not None and not future.done():
            future.set_result(how)

    def _update(self, worker: str, **changes: Any) -> None:
        self._workers[worker] = replace(self._workers[worker], **changes)
        self._changed()


@dataclass(frozen=True, slots=True)
class _FakeJob:
    """A job of a FakePool, with the messages a worker would send."""

    pool: FakePool
    worker: str
    job_id: str
    prompt: Mapping[str, Any]
    on_event: Callable[[JobEvent], None]

    async def run(self) -> JobEnded:
        self._send("execution_start", keep=True, timestamp=_now_ms())
        self._send("execution_cached", keep=True, nodes=[], timestamp=_now_ms())
        executed: list[str] = []
        for node_id, node in self.prompt.items():
            await asyncio.sleep(0)
            self._send("executing", node=node_id, display_node=node_id)
            match node["class_type"]:
                case "Wait":
                    how = await self.pool.wait_for(self.job_id)
                    if how.startswith("die "):
                        raise WorkerDiedError(self.worker, how.removeprefix("die "))
                    if how == "cancel":
                        return self._interrupted(node_id, executed)
                case "Fail":
                    return self._failed(node_id, executed)
                case "Show":
                    self._show(node_id, {"text": [node["inputs"]["text"]]})
            executed.append(node_id)
        self._send("execution_success", keep=True, timestamp=_now_ms())
        return JobEnded(job_id=self.job_id, state="success")

    def _show(self, node_id: str, ui: Mapping[str, Any]) -> None:
        meta = {
            "node_id": node_id,
            "display_node": node_id,
            "parent_node": None,
            "real_node_id": node_id,
        }
        event = JobOutput(job_id=self.job_id, node_id=node_id, ui=encode(ui), meta=encode(meta))
        self.on_event(event)
        self._send("executed", node=node_id, display_node=node_id, output=ui)

    def _interrupted(self, node_id: str, executed: list[str]) -> JobEnded:
        self._send(
            "execution_interrupted",
            keep=True,
            node_id=node_id,
            node_type=self.prompt[node_id]["class_type"],
            executed=executed,
            timestamp=_now_ms(),
        )
        return JobEnded(job_id=self.job_id, state="cancelled")

    def _failed(self, node_id: str, executed: list[str]) -> JobEnded:
        node = self.prompt[node_id]
        text = str(node["inputs"]["text"])
        self._send(
            "execution_error",
            keep=True,
            node_id=node_id,
            node_type=node["class_type"],
            executed=executed,
            exception_message=text,
            exception_type="ValueError",
            traceback=[],
            current_inputs={"text": [text]},
            current_outputs=executed,
            timestamp=_now_ms(),
        )
        error = f"{node['class_type']} #{node_id}: ValueError: {text}"
        return JobEnded(job_id=self.job_id, state="error", error=error)

    def _send(self, kind: str, *, keep: bool = False, **data: Any) -> None:
        body = encode({"prompt_id": self.job_id, **data})
        self.on_event(JobMessage(job_id=self.job_id, kind=kind, data=body, keep=keep))


def _error(kind: str, message: str, details: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
