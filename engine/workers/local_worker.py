"""A local worker over its lives: started, and started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.models.folders import ModelFolders
from engine.settings import Settings
from engine.workers.devices import device_environment
from engine.workers.folders_text import adopt_folders
from engine.workers.life import WorkerLife
from engine.workers.patience import Patience
from engine.workers.payload import encode_json
from engine.workers.pool import (
    JobEvent,
    WorkerDiedError,
    WorkerInfo,
    WorkerState,
    model_files,
)
from engine.workers.settings_text import write_settings
from engine.workers.wire import VERSION, Alive, Broadcast, JobEnded, Ready, Run, Start

_JOBS_OF_MODELS = 4
_PROVEN_S = 60.0

_logger = logging.getLogger(__name__)


class LocalWorker:
    """A worker process of this machine, and its successors.

    Args:
        device: "cpu", "cuda:0" …; also the worker's name.
        changed: Called when its state changes.
        broadcast: Called with messages of packs.
        folders: Model folders that get those which packs add.
        max_body_bytes: The largest body that packs' routes take.

    Attributes:
        info: How it is now.
        life: Its process, when there is one that answers.
        routes: The packs' HTTP routes as `WorkerPool.routes` gives them.
        packs: JSON of how loading each pack went; empty until it was ready once.
    """

    def __init__(
        self,
        device: str,
        settings: Settings,
        patience: Patience,
        changed: Callable[[], None],
        broadcast: Callable[[Broadcast], None],
        *,
        folders: ModelFolders | None,
        max_body_bytes: int,
    ) -> None:
        self.info = WorkerInfo(name=device, device=device, state=WorkerState.STARTING)
        self.life: WorkerLife | None = None
        self.routes: Mapping[str, tuple[int, str]] = {}
        self.packs = b""
        self.broadcast = broadcast
        self._patience, self._changed = patience, changed
        self._folders, self._max_body_bytes = folders, max_body_bytes
        self._environment, inner_device = device_environment(device, os.environ)
        self._settings = write_settings(replace(settings, device=inner_device))
        self._secret = ""
        self._models: deque[frozenset[str]] = deque(maxlen=_JOBS_OF_MODELS)
        self._failures = 0
        self._ready_at = 0.0
        self._stop = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the process in the background."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """End the process; who waits for it gets a WorkerDiedError."""
        self._stop.set()
        if self._supervisor is not None:
            await self._supervisor

    async def run(
        self,
        job_id: str,
        prompt: Mapping[str, Any],
        outputs: Sequence[str],
        extra_data: Mapping[str, Any],
        on_event: Callable[[JobEvent], None],
    ) -> JobEnded:
        """Run a job. Raises: WorkerDiedError, also when it is not idle; WireError."""
        if self.life is None or self.info.state is not WorkerState.IDLE:
            raise WorkerDiedError(self.info.name, self.info.problem or f"it is {self.info.state}")
        run = Run(
            job_id=job_id,
            prompt=encode_json(prompt),
            outputs=list(outputs),
            extra_data=encode_json(extra_data),
        )
        if files := model_files(prompt):
            self._models.append(files)
        models = frozenset[str]().union(*self._models)
        self._update(state=WorkerState.BUSY, job_id=job_id, models=models)
        return await self.life.run(run, on_event)

    # --- what its life tells -------------------------------------------------------------------

    def got_ready(self, ready: Ready) -> None:
        """Learn that the engine is composed."""
        self.packs = ready.packs
        if self._folders is not None:
            adopt_folders(self._folders, ready.folders)
        if ready.routes_port is not None:
            self.routes = dict.fromkeys(ready.routes, (ready.routes_port, self._secret))
        self._ready_at = asyncio.get_running_loop().time()
        self._update(state=WorkerState.IDLE, pid=ready.pid, device=ready.device, problem=None)

    def ended_job(self) -> None:
        """Learn that the job is over."""
        self._update(state=WorkerState.IDLE, job_id=None)

    def gave_sign(self, alive: Alive) -> None:
        """Take a sign of life."""
        self.info = replace(self.info, memory_bytes=alive.memory_bytes)

    # --- lives ---------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while True:
            reason = await self._live()
            if self._stop.is_set():
                self._update(state=WorkerState.DEAD, problem=reason)
                return
            _logger.error("worker %s ended: %s", self.info.name, reason)
            if self._failures > self._patience.restarts:
                problem = f"{reason}; it is not started again after {self._failures} failures"
                self._update(state=WorkerState.DEAD, problem=problem)
                return
            restarts = self.info.restarts + 1
            self._update(state=WorkerState.STARTING, problem=reason, restarts=restarts)
            delay = self._patience.restart_s * 2 ** max(0, self._failures - 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay)

    async def _live(self) -> str:
        """Serve one life; return why it ended."""
        self._secret = secrets.token_urlsafe(32)
        self._ready_at = 0.0
        start = Start(
            version=VERSION,
            name=self.info.name,
            settings=self._settings,
            secret=self._secret,
            max_body_bytes=self._max_body_bytes,
            alive_s=self._patience.tick_s,
        )
        self.life = WorkerLife(self.info.name, self, self._patience)
        try:
            return await self.life.serve(start, self._environment, self._stop)
        finally:
            self.life = None
            self.routes = {}
            self._models.clear()
            # A job's fault is the job's, which is not tried for ever.
            self._failures = 0 if self.info.job_id or self._is_proven() else self._failures + 1
            self.info = replace(
                self.info, job_id=None, pid=None, memory_bytes=0, models=frozenset()
            )

    def _is_proven(self) -> bool:
        lasted_s = asyncio.get_running_loop().time() - self._ready_at
        return self._ready_at > 0 and lasted_s > _PROVEN_S

    def _update(self, **changes: Any) -> None:
        self.info = replace(self.info, **changes)
        self._changed()
