"""The worker process: composes the engine, runs jobs, answers questions.

Started by a pool as `python -m engine.workers.main PARENT_PID [SOCKET]`. Its threads:

- the main thread composes the engine and runs jobs, since packs expect to be imported there;
- one reads what the server sends and presses the stop button;
- one sends, and gives a sign of life every second;
- one answers questions, so that a prompt is validated while a job runs.

When the connection breaks, the process ends.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import psutil

from engine.errors import EngineError
from engine.workers.frames import check_version, encode_frame, worker_decoder
from engine.workers.handover import die_with, received_socket
from engine.workers.outbox import Outbox
from engine.workers.settings_text import read_settings
from engine.workers.wire import (
    VERSION,
    Alive,
    Cancel,
    Convert,
    Failed,
    Free,
    Query,
    Ready,
    Run,
    Start,
    Stop,
    ToWorker,
    Validate,
    WireError,
)

if TYPE_CHECKING:
    from engine.workers.compose import Engine
    from engine.workers.job import JobDesk
    from engine.workers.pack_host import WorkerLink
    from engine.workers.requests import Request, RequestDesk

_CHUNK: Final = 1 << 18
_DRAIN_S: Final = 2.0
_SWITCH_S: Final = 0.001  # an answer passes three threads, each of which may wait for a busy node

_logger = logging.getLogger(__name__)


class Worker:
    """One worker process, from its first message to its end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._outbox = Outbox()
        self._inbox: queue.SimpleQueue[Start | Run | Free | Stop] = queue.SimpleQueue()
        self._jobs: JobDesk | None = None
        self._requests: RequestDesk | None = None
        self._loop = asyncio.new_event_loop()
        self._answers: set[asyncio.Task[None]] = set()
        self._alive_s = 1.0

    def serve(self) -> int:
        """Work until the server says stop; return the exit status."""
        for target in (self._read, self._send, self._loop.run_forever):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        start = self._inbox.get()
        try:
            if not isinstance(start, Start):
                raise WireError(f"the first message is {type(start).__name__}, not Start")
            check_version(start.version)
            self._alive_s = start.alive_s
            self._work(start)
        except BaseException as error:  # noqa: BLE001 - the server is told why; then it is over
            traceback.print_exception(error)
            text = str(error) if isinstance(error, EngineError) else repr(error)
            self._outbox.put(Failed(error=text))
            self._outbox.drain(_DRAIN_S)
            return 1
        self._outbox.drain(_DRAIN_S)
        return 0

    def _work(self, start: Start) -> None:
        # Imported here: torch takes seconds, and signs of life are sent in the meantime.
        from engine.workers.compose import composed
        from engine.workers.pack_host import WorkerLink

        link = WorkerLink(self._outbox, start.max_body_bytes)
        with composed(read_settings(start.settings), link) as engine:
            self._open(engine, link, start)
            while not isinstance(task := self._inbox.get(), Stop):
                if isinstance(task, Run) and self._jobs is not None:
                    self._jobs.work(task)
                elif isinstance(task, Free):
                    engine.free(unload_models=task.unload_models, free_memory=task.free_memory)

    def _open(self, engine: Engine, link: WorkerLink, start: Start) -> None:
        from engine.compat.host import current
        from engine.registry.pack_text import log_packs
        from engine.workers.folders_text import write_folders
        from engine.workers.job import JobDesk
        from engine.workers.pack_host import start_routes
        from engine.workers.payload import encode_json
        from engine.workers.requests import RequestDesk

        log_packs(engine.packs)
        server = current().server
        self._jobs = link.jobs = JobDesk(engine, self._outbox)
        self._requests = RequestDesk(engine, self._jobs, server, start.name)
        hosted = start_routes(server, start.secret)
        ready = Ready(
            version=VERSION,
            pid=os.getpid(),
            device=str(engine.residency.device),
            packs=encode_json(engine.packs),
            folders=write_folders(current().folders),
            routes=hosted.addresses if hosted else [],
            routes_port=hosted.port if hosted else None,
        )
        self._outbox.put(ready)

    # --- threads -------------------------------------------------------------------------------

    def _read(self) -> None:
        decoder = worker_decoder()
        try:
            while data := self._connection.recv(_CHUNK):
                for message in decoder.feed(data):
                    self._receive(message)
        except (OSError, WireError) as error:
            _logger.error("%s", error)
        # Nobody listens any more: what nodes still compute would be for nothing.
        os._exit(1)

    def _receive(self, message: ToWorker) -> None:
        match message:
            case Run():
                if self._jobs is not None:
                    self._jobs.accept(message.job_id)
                self._inbox.put(message)
            case Cancel():
                if self._jobs is not None:
                    self._jobs.cancel(message.job_id)
            case Stop():
                if self._jobs is not None:
                    self._jobs.cancel(None)
                self._inbox.put(message)
            case Start() | Free():
                self._inbox.put(message)
            case Validate() | Convert() | Query():
                self._loop.call_soon_threadsafe(self._begin_answer, message)

    def _begin_answer(self, request: Request) -> None:
        task = self._loop.create_task(self._answer(request))
        self._answers.add(task)  # the loop itself would forget it
        task.add_done_callback(self._answers.discard)

    async def _answer(self, request: Request) -> None:
        if self._requests is not None:
            self._outbox.put(await self._requests.answer(request))

    def _send(self) -> None:
        process = psutil.Process()
        next_alive = time.monotonic()
        try:
            while True:
                data = self._outbox.take(max(0.0, next_alive - time.monotonic()))
                if time.monotonic() >= next_alive:
                    next_alive = time.monotonic() + self._alive_s
                    memory = process.memory_info().rss
                    job_id = self._jobs.job_id if self._jobs is not None else None
                    data += encode_frame(Alive(job_id=job_id, memory_bytes=memory))
                self._connection.sendall(data)
                self._outbox.sent()
        except OSError:
            os._exit(1)  # as in _read


def main(arguments: Sequence[str]) -> int:
    """Be a worker of the process that started this one; return the exit status."""
    parent_pid, *rest = arguments
    die_with(int(parent_pid))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which says stop
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # the watchdog asks where a worker hangs
    sys.setswitchinterval(_SWITCH_S)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return Worker(received_socket(rest)).serve()


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that packs left behind must not keep the process
