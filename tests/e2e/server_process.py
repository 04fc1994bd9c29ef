"""A server in processes of its own, on a free port, in a folder of its own; it always ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
PACKS = Path(__file__).parent / "packs"
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServerProcess:
    """`main.py serve` and the worker it started."""

    base: Path
    arguments: tuple[str, ...] = ()
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    reservation: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What server and worker printed, in all starts."""
        path = self.base / "log.txt"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def command(self) -> list[str]:
        return [
            *self.prefix,
            *(sys.executable, "main.py", "--no-bootstrap", "serve", "--cpu", "--no-browser"),
            *("--base-directory", str(self.base), "--port", str(self.port), *self.arguments),
        ]

    def start(self) -> None:
        """Start the process; return when it answers."""
        if not self.port:
            self.port, self.reservation = reserve_port()
        with (self.base / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.until(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log}"
        try:
            return self.get("/prompt").status > 0
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the server as `kill -9` does; its worker must notice."""
        assert self.process is not None
        workers = psutil.Process(self.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        _, left = psutil.wait_procs(workers, timeout=PATIENCE_S)
        assert not left, "a worker outlived its server"

    def stop(self) -> int:
        """Ask the server to end, as Ctrl+C does; return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self.reservation is not None:
            self.reservation.close()
        if self.process is None:
            return
        if self.process.poll() is None:
            children = psutil.Process(self.pid).children(recursive=True)
            self.process.kill()
            for child in children:
                with suppress(psutil.NoSuchProcess):  # a worker ends by itself when its server does
                    child.kill()
            psutil.wait_procs(children, timeout=PATIENCE_S)
        self.process.wait()

    def worker_pid(self) -> int:
        """Return the process id of the one worker, once it is there."""

        def found() -> int | None:
            for process in psutil.Process(self.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # it ended since it was listed
                    if "engine.workers.main" in " ".join(process.cmdline()):
                        return process.pid
            return None

        return self.until(found)

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; `body` is bytes, or becomes JSON."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url + path, method=method, data=content, headers=dict(headers or {})
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return Answer(answer.status, answer.read(), dict(answer.headers.items()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), dict(error.headers.items()))

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def queue(self, prompt: dict[str, Any], **body: Any) -> str:
        """Queue a prompt; return its id."""
        answer = self.call("POST", "/prompt", {"prompt": prompt, **body})
        assert answer.status == 200, answer.body
        prompt_id: str = answer.json()["prompt_id"]
        return prompt_id

    def entry(self, prompt_id: str) -> Any:
        """Wait until a prompt is finished; return its history entry."""
        return self.until(lambda: self.get(f"/history/{prompt_id}").json().get(prompt_id))

    def runs(self) -> list[str]:
        """List what the counting nodes of the tests' pack left."""
        path = self.base / "runs.txt"
        return path.read_text("utf-8").split() if path.exists() else []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the holding nodes of the tests' pack at their half until the block ends."""
        hold = self.base / "hold"
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    def until(self, look: Callable[[], T | None]) -> T:
        """Look until there is something to see."""
        end = time.monotonic() + PATIENCE_S
        while not (seen := look()):
            assert time.monotonic() < end, f"waited in vain; the log:\n{self.log[-4000:]}"
            time.sleep(0.02)
        return seen


@contextmanager
def served(
    base: Path, *arguments: str, packs: tuple[str, ...] = ("e2e_nodes",), **more: Any
) -> Iterator[ServerProcess]:
    """Run a server with packs of `tests/e2e/packs`."""
    base.mkdir(parents=True, exist_ok=True)
    for pack in packs:
        shutil.copytree(
            PACKS / pack,
            base / "custom_nodes" / pack,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    server = ServerProcess(base, arguments, **more)
    try:
        server.start()
        yield server
    finally:
        server.end()


def reserve_port() -> tuple[int, socket.socket]:
    """Return a free port, and the socket that keeps it from everybody but the server to come.

    Linux gives a port with a socket on it to nobody who asks for any port; who asks for that one
    may have it as long as no other listens and all set SO_REUSEADDR, as servers do.
    """
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    port: int = reservation.getsockname()[1]
    if sys.platform != "linux":
        reservation.close()
    return port, reservation


def picture_prompt(
    *steps: tuple[str, str], color: int = 255, prefix: str = "e2e"
) -> dict[str, Any]:
    """Return a prompt: an empty picture, the tests' nodes (type, text) in a row, a saved file."""
    prompt: dict[str, Any] = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": color},
        }
    }
    last = "1"
    for number, (kind, text) in enumerate(steps, 2):
        inputs = {"image": [last, 0], "text": text}
        last = str(number)
        prompt[last] = {"class_type": kind, "inputs": inputs}
    prompt["9"] = {
        "class_type": "SaveImage",
        "inputs": {"images": [last, 0], "filename_prefix": prefix},
    }
    return prompt
