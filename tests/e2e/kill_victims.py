"""A server that is killed, with its worker, at a point or at any time."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import zygote
from tests.e2e.server_process import reserve_port

PATIENCE_S = 300.0


class LostError(Exception):
    """Something that was promised is not there."""


@dataclass(frozen=True)
class Kill:
    """Who is killed where: at the n-th passing of a point, or at a random moment."""

    victim: str
    point: str
    times: int = 1
    delay_s: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.victim} {self.point}"


class Server:
    """A server process on one folder."""

    def __init__(self, address: str, folder: Path, kill: Kill | None, token: Path) -> None:
        self._folder, self._token = folder, token
        (folder / "worker.pid").unlink(missing_ok=True)  # by now it may be somebody else's
        self.port, self._reservation = reserve_port()
        environment = {**os.environ, zygote.ADDRESS: address, "TESSERA_HOUSE": str(folder)}
        if kill is not None and kill.point != "random":
            environment["TESSERA_KILL_AT"] = f"{kill.point}:{kill.times}"
            environment["TESSERA_KILL_ONCE"] = str(token)
        arguments = ["--no-bootstrap", "serve", "--cpu", "--no-browser", "--port", str(self.port)]
        arguments += ["--base-directory", str(folder)]
        with (folder / "log.txt").open("ab") as log:
            self._connection, self.pid = zygote.order(
                address, "server", arguments, environment, [log.fileno()]
            )
        self._connection.setblocking(False)
        self.status: int | None = None

    def alive(self) -> bool:
        if self.status is None:
            with suppress(BlockingIOError):
                self.status = int(self._connection.recv(64) or b"-9")
                self._connection.close()
                self._reservation.close()
        return self.status is None

    def kill(self, victim: str) -> None:
        """Kill the server or its worker now, if there is one, and note that it happened."""
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            worker = self._folder / "worker.pid"
            os.kill(self.pid if victim == "server" else int(worker.read_text()), signal.SIGKILL)
            self._token.touch()

    def stop(self) -> None:
        """Stop it in good order. Raises: LostError, when it does not stop."""
        with suppress(ProcessLookupError):
            if self.alive():
                os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.alive(), "the server stops")

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON answer. Raises: OSError, HTTPException, when the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            payload = response.read()
            if response.status != 200:
                raise LostError(f"{method} {path}: {response.status} {payload[:300]!r}")
            return json.loads(payload)
        finally:
            connection.close()

    def wait_for_port(self) -> bool:
        """Wait until it answers; False when it dies before."""

        def answers_or_died() -> bool:
            if not self.alive():
                return True
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            return False

        wait_until(answers_or_died, "the server answers")
        return self.alive()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Raises: LostError, when it does not happen."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise LostError(f"not within {PATIENCE_S:g} s: {what}")
        time.sleep(0.01)
