"""`WorkerPool`: what the server knows of its workers, whichever way they are started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from engine.errors import EngineError
from engine.workers.wire import (
    Broadcast,
    Converted,
    JobEnded,
    JobMessage,
    JobOutput,
    JobPreview,
    Validated,
)

JobEvent: TypeAlias = JobMessage | JobOutput | JobPreview
"""What a worker tells of a job while it runs; `JobEnded` ends it."""


_MODEL_ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".pkl")

WORKER_HEADER = "X-Tessera-Worker"
"""Header that a request to the packs' routes must carry; see `WorkerPool.routes`."""


MAX_BODY_BYTES = 100 << 20
"""The largest body that packs' routes take, unless the command line says another."""


class WorkerState(StrEnum):
    """Where a worker stands."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """One worker.

    Attributes:
        name: Stable over restarts: "cpu", "cuda:0".
        job_id: The job it runs, or None.
        pid: Its process; None where it has none of this machine.
        models: Model files it used last (see `model_files`): jobs that need them are cheap for it.
        problem: Why it is dead or not ready, for people.
    """

    name: str
    device: str
    state: WorkerState
    job_id: str | None = None
    pid: int | None = None
    memory_bytes: int = 0
    models: frozenset[str] = frozenset()
    restarts: int = 0
    problem: str | None = None


class WorkerDiedError(EngineError):
    """A worker ended while it was needed; the job can be given to another."""

    code = "worker_died"

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"Worker {name} ended: {reason}.")


class WorkerRefusedError(EngineError):
    """A worker could not answer a request."""

    code = "worker_refused"

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"Worker {name}: {problem}")


def model_files(prompt: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of model files that a prompt's inputs hold, as they are written there."""
    return frozenset(
        value
        for node in prompt.values()
        for value in node.get("inputs", {}).values()
        if isinstance(value, str) and value.lower().endswith(_MODEL_ENDINGS)
    )


class WorkerPool(Protocol):
    """Workers, one per device. A dead one is started again; nothing here waits for ever.

    The same contract tests run against every implementation.
    """

    async def start(self) -> None:
        """Start the workers; returns at once, they get ready in the meantime."""
        ...

    async def stop(self) -> None:
        """End all workers; no process is left behind."""
        ...

    def workers(self) -> Sequence[WorkerInfo]:
        """List the workers as they are now."""
        ...

    def listen(
        self, *, changed: Callable[[], None], broadcast: Callable[[Broadcast], None]
    ) -> None:
        """Call `changed` when a worker's state changes, `broadcast` for messages of packs."""
        ...

    async def ready(self) -> None:
        """Wait until one worker can answer. Raises: WorkerDiedError, when none will."""
        ...

    async def validate(
        self,
        prompt: Mapping[str, Any],
        targets: Sequence[str] | None,
        rest: Mapping[str, Any],
    ) -> Validated:
        """Check an API prompt; packs may change it, and the `extra_data` of the request.

        Args:
            rest: The request without its prompt, as packs' on-prompt handlers are shown it.

        Raises: WorkerDiedError, WorkerRefusedError.
        """
        ...

    async def convert(self, workflow: Mapping[str, Any]) -> Converted:
        """Turn a canvas workflow into an API prompt. Raises: as `validate`."""
        ...

    async def query(self, topic: str, argument: str = "") -> bytes:
        """Return JSON about what only workers know.

        Topics:
            "object_info": {type: entry (contract §4.5)}; `argument` names one type, "" means all.
            "undescribed": {type: reason}: types of packs that "object_info" leaves out.
            "replacements": What became of node types (`Replacements.as_json`).
            "packs": How loading each pack went: [`PackReport` as an object].
            "devices": {"pytorch_version", "devices": [entry of /system_stats (contract §2)]}.
            "cache": [{"worker", "tiers", "hits", "misses", "evictions", "seconds_saved", …}].
            "reasons": {node id: {"hit", "text", "tier", "seconds", "bytes"}} of the job `argument`;
                {} when no worker knows it any more.
            "models": [{"worker", "files", "placed_bytes"}]: model files used last, and the bytes
                that loaded weights take.

        Raises: WorkerDiedError; WorkerRefusedError, for an unknown topic.
        """
        ...

    async def run(
        self,
        worker: str,
        job_id: str,
        prompt: Mapping[str, Any],
        outputs: Sequence[str],
        extra_data: Mapping[str, Any],
        on_event: Callable[[JobEvent], None],
    ) -> JobEnded:
        """Run a job on a worker, reporting in order. Raises: WorkerDiedError."""
        ...

    def cancel(self, job_id: str) -> None:
        """Stop a running job within one step; nothing happens when it does not run."""
        ...

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """Ask every worker to give memory back before its next job."""
        ...

    def routes(self) -> Mapping[str, tuple[int, str]]:
        """Return the packs' HTTP routes: "METHOD /path" -> (loopback port, secret).

        Paths are aiohttp's patterns without /api ("/pack/{name}"), methods may be "*". A request
        is let in when its header `WORKER_HEADER` holds the secret.
        """
        ...
