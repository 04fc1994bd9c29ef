"""Asynchronous nodes that are under way while others run."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass

from engine.execution.answers import Answer
from engine.execution.context import CancelToken
from engine.graph.model import NodeId


@dataclass(frozen=True, slots=True)
class Finished:
    """A node whose calls are over; `seconds` is wall time."""

    node_id: NodeId
    task: asyncio.Task[list[Answer]]
    seconds: float


class Parked:
    """Nodes whose answers come later. A context manager: leaving cancels what still runs."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._running: dict[asyncio.Task[list[Answer]], tuple[NodeId, float]] = {}
        self._finished: deque[asyncio.Task[list[Answer]]] = deque()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._running)

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._cancel.listen(self._cancelled)

    async def __aexit__(self, *error: object) -> None:
        self._cancel.forget(self._cancelled)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def add(self, node_id: NodeId, answers: Awaitable[list[Answer]], begun: float) -> None:
        """Let a node's calls go on. `begun` is its start on `time.perf_counter`."""

        async def wait_for_answers() -> list[Answer]:
            return await answers

        task = asyncio.create_task(wait_for_answers())
        self._running[task] = node_id, begun
        task.add_done_callback(self._done)

    def finished(self) -> Iterator[Finished]:
        """Iterate over the nodes that are over since the last time, taking them off."""
        while self._finished:
            task = self._finished.popleft()
            node_id, begun = self._running.pop(task)
            yield Finished(node_id, task, time.perf_counter() - begun)

    async def wait(self) -> None:
        """Wait until a node is over. Raises: RunCancelledError, as soon as the run is stopped."""
        if not self._finished:
            await self._wake.wait()
        self._wake.clear()
        self._cancel.check()

    def _done(self, task: asyncio.Task[list[Answer]]) -> None:
        self._finished.append(task)
        self._wake.set()

    def _cancelled(self) -> None:
        self._loop.call_soon_threadsafe(self._wake.set)
