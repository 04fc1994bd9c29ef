"""One worker process, seen from the server: started, connected, and surely ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from engine.workers.frames import encode_frame, server_decoder
from engine.workers.handover import socket_arguments, socket_bytes
from engine.workers.log_lines import LogLines
from engine.workers.wire import FromWorker, ToWorker, WireError

_ROOT: Final = Path(__file__).resolve().parents[2]
_CHUNK: Final = 1 << 16
_KILL_WAIT_S: Final = 5.0
_DUMP_WAIT_S: Final = 0.2

_logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Who hears from a worker process."""

    def received(self, message: FromWorker) -> None:
        """Take a message."""
        ...

    def disconnected(self, problem: str | None) -> None:
        """Learn that the connection is gone; `problem` is set when the protocol was broken."""
        ...


class WorkerProcess:
    """A process with its connection. Made by `spawn`."""

    def __init__(self, process: asyncio.subprocess.Process, lines: LogLines) -> None:
        self._process, self._lines = process, lines
        self._transport: asyncio.Transport | None = None
        self._output = asyncio.create_task(self._read_output())

    @classmethod
    async def spawn(
        cls, environment: Mapping[str, str], log: Callable[[str], None], listener: Listener
    ) -> WorkerProcess:
        """Start a worker process and connect to it. Raises: OSError, when the system refuses."""
        ours, theirs = socket.socketpair()
        try:
            arguments, inherited = socket_arguments(theirs)
            handed = sys.platform == "win32"
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "engine.workers.main", str(os.getpid()), *arguments),
                stdin=asyncio.subprocess.PIPE if handed else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=_environment(environment),
                pass_fds=inherited,
                start_new_session=True,  # Ctrl+C reaches the server only; and see `kill`
            )
            if process.stdin is not None:
                process.stdin.write(socket_bytes(theirs, process.pid))
                process.stdin.write_eof()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self = cls(process, LogLines(log))
        ours.setblocking(False)
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(listener), sock=ours
        )
        self._transport = transport
        return self

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: ToWorker) -> None:
        """Send a message; one to a process that has ended goes nowhere. Raises: WireError."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode_frame(message))

    async def wait(self) -> int:
        """Wait until the process has ended; return its status, -N for signal N."""
        return await self._process.wait()

    async def where_it_hangs(self) -> None:
        """Let the process print its stacks into the log, if it still can."""
        if hasattr(signal, "SIGUSR1") and self._process.returncode is None:
            self._signal(signal.SIGUSR1)
            await asyncio.sleep(_DUMP_WAIT_S)

    async def end(self, patience_s: float) -> None:
        """Let the process end by itself, having been told to; then by force, whatever it does."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), patience_s)
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience_s)
        await self.kill()

    async def kill(self) -> None:
        """End the process and what it has started, now; close the connection."""
        self._kill_group()
        await self._process.wait()
        try:  # whoever inherited its output and left its group may hold the pipe open
            await asyncio.wait_for(self._output, _KILL_WAIT_S)
        except TimeoutError:
            _logger.warning("worker %s left processes behind that hold its output", self.pid)
        if self._transport is not None:
            self._transport.abort()

    def explain_end(self) -> str:
        """Return why the process ended, for people."""
        status = self._process.returncode
        if status is None:
            return "it closed its connection"
        if status < 0:
            hint = "; often the system has no memory left then" if status == -9 else ""
            return f"it was killed by signal {-status} ({_signal_name(-status)}){hint}"
        last = f"; it printed last: {self._lines.last[-1]}" if self._lines.last else ""
        return f"it exited with status {status}{last}"

    def _kill_group(self) -> None:
        if sys.platform == "win32":
            self._signal(signal.SIGTERM)
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _read_output(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(_CHUNK):
            self._lines.feed(data)
        self._lines.close()


class _Connection(asyncio.Protocol):
    """Passes messages on as they arrive."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._decoder = server_decoder()
        self._transport: asyncio.Transport | None = None
        self._problem: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._decoder.feed(data)
        except WireError as error:
            self._problem = str(error)
            assert self._transport is not None
            self._transport.abort()
            return
        for message in messages:
            self._listener.received(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.disconnected(self._problem)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    paths = [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # a crash in native code prints where
        "PYTHONUTF8": "1",
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
