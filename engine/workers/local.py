"""`LocalPool`: one worker process per device of this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from engine.errors import UnknownNameError
from engine.models.folders import ModelFolders
from engine.settings import Settings
from engine.workers.devices import find_devices
from engine.workers.life import WorkerLife
from engine.workers.local_worker import LocalWorker
from engine.workers.patience import Patience
from engine.workers.payload import encode_json
from engine.workers.pool import MAX_BODY_BYTES, JobEvent, WorkerDiedError, WorkerInfo, WorkerState
from engine.workers.wire import (
    Answer,
    Broadcast,
    Convert,
    Converted,
    Free,
    JobEnded,
    Query,
    Validate,
    Validated,
)

_logger = logging.getLogger(__name__)


class LocalPool:
    """Implements `WorkerPool` with processes of this machine.

    Args:
        settings: How workers compose the engine; `settings.device` names the only device to use.
        devices: "cpu", "cuda:0" …; None for what the settings say, or all there are.
        folders: Model folders that get those which packs add.
        max_body_bytes: The largest body that packs' routes take.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        devices: Sequence[str] | None = None,
        patience: Patience | None = None,
        folders: ModelFolders | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._settings, self._devices = settings, devices
        self._patience = patience or Patience()
        self._folders, self._max_body_bytes = folders, max_body_bytes
        self._workers: dict[str, LocalWorker] = {}
        self._changed: Callable[[], None] = lambda: None
        self._broadcast: Callable[[Broadcast], None] = lambda message: None
        self._news = asyncio.Event()
        self._stopped = False

    async def start(self) -> None:
        """Start the workers; they get ready in the background."""
        devices = self._devices
        if devices is None and self._settings.device is not None:
            devices = (self._settings.device,)
        if devices is None:
            devices = await asyncio.to_thread(find_devices)
        for device in devices:
            self._workers[device] = LocalWorker(
                device,
                self._settings,
                self._patience,
                self._note_change,
                self._pass_on,
                folders=self._folders,
                max_body_bytes=self._max_body_bytes,
            )
        for worker in self._workers.values():
            worker.start()
        self._note_change()

    async def stop(self) -> None:
        """End all workers."""
        self._stopped = True
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        self._note_change()

    def workers(self) -> Sequence[WorkerInfo]:
        """List the workers."""
        return [worker.info for worker in self._workers.values()]

    def listen(
        self, *, changed: Callable[[], None], broadcast: Callable[[Broadcast], None]
    ) -> None:
        """Set who is told of changes and of packs' messages."""
        self._changed, self._broadcast = changed, broadcast

    async def ready(self) -> None:
        """Wait until a worker can answer. Raises: WorkerDiedError, when none ever will."""
        await self._answering()

    async def validate(
        self,
        prompt: Mapping[str, Any],
        targets: Sequence[str] | None,
        rest: Mapping[str, Any],
    ) -> Validated:
        """Check an API prompt. Raises: WorkerDiedError, WorkerRefusedError, WireError."""
        text, beside = encode_json(prompt), encode_json(rest)
        wanted = None if targets is None else list(targets)
        life = await self._answering()
        found = await life.ask(
            lambda n: Validate(request=n, prompt=text, targets=wanted, rest=beside)
        )
        assert isinstance(found, Validated)
        return found

    async def convert(self, workflow: Mapping[str, Any]) -> Converted:
        """Turn a canvas workflow into a prompt. Raises: as `validate`."""
        text = encode_json(workflow)
        life = await self._answering()
        found = await life.ask(lambda n: Convert(request=n, workflow=text))
        assert isinstance(found, Converted)
        return found

    async def query(self, topic: str, argument: str = "") -> bytes:
        """Return JSON on a topic of `WorkerPool.query`. Raises: as `validate`."""
        life = await self._answering()
        match topic:
            case "packs":
                return next(worker.packs for worker in self._workers.values() if worker.packs)
            case "devices":
                return _merge_devices(await self._ask_all(topic, argument))
            case "reasons":
                known = [found for _, found in await self._ask_all(topic, argument) if found]
                return encode_json(known[0] if known else {})
            case "cache":
                caches = await self._ask_all(topic, argument)
                return encode_json([{"worker": w.name, **found} for w, found in caches])
            case "models":
                loaded = [
                    {"worker": worker.name, "files": sorted(worker.models), **found}
                    for worker, found in await self._ask_all(topic, argument)
                ]
                return encode_json(loaded)
            case _:
                return await _ask(life, topic, argument)

    async def run(
        self,
        worker: str,
        job_id: str,
        prompt: Mapping[str, Any],
        outputs: Sequence[str],
        extra_data: Mapping[str, Any],
        on_event: Callable[[JobEvent], None],
    ) -> JobEnded:
        """Run a job on an idle worker. Raises: WorkerDiedError, WireError."""
        if worker not in self._workers:
            raise UnknownNameError("worker", worker, self._workers)
        return await self._workers[worker].run(job_id, prompt, outputs, extra_data, on_event)

    def cancel(self, job_id: str) -> None:
        """Stop a running job."""
        for worker in self._workers.values():
            if worker.life is not None:
                worker.life.cancel(job_id)

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """Ask every worker to give memory back."""
        message = Free(unload_models=unload_models, free_memory=free_memory)
        for _, life in self._answering_workers():
            life.send(message)

    def routes(self) -> Mapping[str, tuple[int, str]]:
        """Return the packs' HTTP routes of the first worker that has them."""
        return next((w.routes for w in self._workers.values() if w.routes), {})

    async def _answering(self) -> WorkerLife:
        """Wait until a worker can answer; return its life. Raises: WorkerDiedError."""
        while not (answering := self._answering_workers()):
            infos = self.workers()
            if self._stopped:
                raise WorkerDiedError(infos[0].name if infos else "(none)", "the server stops")
            # No worker at all: the server listens already, and the pool is about to start.
            if infos and all(info.state is WorkerState.DEAD for info in infos):
                raise WorkerDiedError(infos[0].name, infos[0].problem or "it does not run")
            self._news.clear()
            await self._news.wait()
        return answering[0][1]

    def _answering_workers(self) -> list[tuple[WorkerInfo, WorkerLife]]:
        """List the workers that answer, those without a job first: they are quicker."""
        found = [
            (worker.info, worker.life)
            for worker in self._workers.values()
            if worker.life is not None and worker.info.state in (WorkerState.IDLE, WorkerState.BUSY)
        ]
        return sorted(found, key=lambda pair: pair[0].state is WorkerState.BUSY)

    async def _ask_all(self, topic: str, argument: str) -> list[tuple[WorkerInfo, Any]]:
        asked = self._answering_workers()
        answers = await asyncio.gather(*(_ask(life, topic, argument) for _, life in asked))
        return [
            (info, msgspec.json.decode(answer))
            for (info, _), answer in zip(asked, answers, strict=True)
        ]

    def _note_change(self) -> None:
        self._news.set()
        try:
            self._changed()
        except Exception:  # a listener's fault must not cost the worker its connection
            _logger.exception("a change of a worker could not be told")

    def _pass_on(self, message: Broadcast) -> None:
        try:
            self._broadcast(message)
        except Exception:  # as above: whoever listens may raise anything
            _logger.exception("a pack's message %s could not be passed on", message.event)


async def _ask(life: WorkerLife, topic: str, argument: str) -> bytes:
    answer = await life.ask(lambda n: Query(request=n, topic=topic, argument=argument))
    assert isinstance(answer, Answer)
    return answer.body


def _merge_devices(answers: Sequence[tuple[WorkerInfo, Any]]) -> bytes:
    devices = [device for _, found in answers for device in found["devices"]]
    version = answers[0][1]["pytorch_version"] if answers else None
    return encode_json({"pytorch_version": version, "devices": devices})
