"""Starts servers and workers by forking a process that has imported everything already.

Importing the engine with torch takes seconds; a kill matrix starts a thousand processes. Only the
start differs from the real thing: a forked server or worker runs the same code over the same
socket. The zygote has one thread and no event loop, so forking it is safe.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "TESSERA_ZYGOTE"
"""Environment variable with the zygote's address; TESSERA_HOUSE is where workers are noted."""


def main(address: str) -> NoReturn:
    """Fork on demand until the starter of this process is gone."""
    sys.path.insert(0, str(ROOT))
    _import_everything()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    print("ready", flush=True)
    waiting: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        for source in (listening, woken):
            selector.register(source, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    os._exit(0)
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    pid = _fork_as_asked(connection)
                    waiting[pid] = connection
                else:
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(1024)
            _report_ends(waiting)


def _report_ends(waiting: dict[int, socket.socket]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        connection = waiting.pop(pid)
        with contextlib.suppress(OSError):
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        connection.close()


def _fork_as_asked(connection: socket.socket) -> int:
    text, fds, _, _ = socket.recv_fds(connection, 1 << 16, 4)
    order = json.loads(text)
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        connection.sendall(f"{pid}\n".encode())
        return pid
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _become(order, fds)
        status = _ROLES[order["role"]](order["arguments"], fds)
    except BaseException:  # noqa: BLE001 - a forked child must never get back into the zygote
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _become(order: dict[str, Any], fds: list[int]) -> None:
    """Take over output, environment and fault points."""
    from engine import faultpoints

    output = fds[-1]
    for target in (1, 2):
        os.dup2(output, target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    unarmed, faultpoints.reach = faultpoints.reach, faultpoints.armed(os.environ)
    for module in list(sys.modules.values()):  # those that imported the function by name
        if getattr(module, "reach", None) is unarmed:
            module.reach = faultpoints.reach  # type: ignore[attr-defined]


def _serve(arguments: list[str], fds: list[int]) -> int:
    from engine.cli.entry import main as run

    asyncio.create_subprocess_exec = _fork_worker  # type: ignore[assignment]
    sys.argv = ["main.py", *arguments]
    return run(arguments)


def _work(arguments: list[str], fds: list[int]) -> int:
    from engine.workers.main import main as run

    return run([str(os.getppid()), str(fds[0])])


_ROLES: dict[str, Callable[[list[str], list[int]], int]] = {"server": _serve, "worker": _work}


def order(
    address: str, role: str, arguments: list[str], environment: dict[str, str], fds: list[int]
) -> tuple[socket.socket, int]:
    """Have a process forked; return the connection that will tell its status, and its id."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    text = json.dumps({"role": role, "arguments": arguments, "environment": environment})
    socket.send_fds(connection, [text.encode()], fds)
    return connection, int(_line(connection))


def _line(connection: socket.socket) -> str:
    text = b""
    while not text.endswith(b"\n"):
        got = connection.recv(64)
        if not got:
            raise ConnectionError("the zygote is gone")
        text += got
    return text.decode()


async def _fork_worker(*command: str, pass_fds: tuple[int, ...], **options: Any) -> Forked:
    """Stand in for `asyncio.create_subprocess_exec` in a server."""
    output, inherited = os.pipe()
    environment = dict(options["env"])
    connection, pid = order(
        environment[ADDRESS], "worker", list(command), environment, [*pass_fds, inherited]
    )
    os.close(inherited)
    Path(environment["TESSERA_HOUSE"], "worker.pid").write_text(str(pid))
    loop = asyncio.get_running_loop()
    stdout = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(output, "rb")
    )
    return Forked(pid, stdout, connection)


class Forked:
    """What the server needs of an `asyncio.subprocess.Process`."""

    stdin = None

    def __init__(self, pid: int, stdout: asyncio.StreamReader, connection: socket.socket) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        connection.setblocking(False)
        self._ended = asyncio.create_task(self._read_status(connection))

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def _read_status(self, connection: socket.socket) -> int:
        text = await asyncio.get_running_loop().sock_recv(connection, 64)
        connection.close()
        self.returncode = int(text)
        return self.returncode


def _import_everything() -> None:
    import engine
    import nodes

    for package in (engine, nodes):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in found.name and ".compat" not in found.name:
                importlib.import_module(found.name)


if __name__ == "__main__":
    main(sys.argv[1])
