"""Kills servers and workers with SIGKILL at named points and at random, and looks what is lost.

`python tests/e2e/kill_matrix.py [--kills 5000] [--seed N] [--parallel 2]`

A round has one folder with one database. Its server is started, gets prompts over HTTP, and is
killed, or its worker is, several times; then everything may run to its end, and the round is
checked: each prompt that was answered is in history once, finished well, shows each output once,
and each picture that history names is there and whole. Prompts whose answer never came may be
there or not, but not by half. Each kill gets one of four verdicts:

survived        it happened, and the round was found in order
lost            it happened, and the round was not
not measured    the process never came by that point
harness broken  something failed that is no part of what is measured

Servers and workers are the real ones, started by forking (see `zygote`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402 - run as a script, the checkout must be on the path first

from engine.faultpoints import SERVER_POINTS, WORKER_POINTS  # noqa: E402
from tests.e2e import zygote  # noqa: E402

KILLS_PER_ROUND = 4
PATIENCE_S = 60.0
RANDOM_WITHIN_S = 0.5
VERDICTS = ("survived", "lost", "not measured", "harness broken")
PACK = '''
import time
import torch

class KillMatrixSlow:
    """A node that is dearer to compute than to read back, so its result goes to disk."""
    CATEGORY, FUNCTION, RETURN_TYPES = "testing", "make", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 0, "max": 2**31})}}

    def make(self, seed):
        time.sleep(0.1)
        return (torch.full((1, 32, 32, 3), (seed % 255) / 255),)

NODE_CLASS_MAPPINGS = {"KillMatrixSlow": KillMatrixSlow}
'''


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


@dataclass
class Round:
    """What was done to one database, and what came of it."""

    kills: Sequence[Kill]
    happened: list[bool] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    repeated_files: int = 0
    problem: str | None = None
    broken: bool = False

    def verdicts(self) -> Iterator[tuple[Kill, str]]:
        for index, kill in enumerate(self.kills):
            if self.broken:
                yield kill, "harness broken"
            elif index >= len(self.happened) or not self.happened[index]:
                yield kill, "not measured"
            else:
                yield kill, "survived" if self.problem is None else "lost"


class Server:
    """A server process on one folder."""

    def __init__(self, address: str, folder: Path, kill: Kill | None, token: Path) -> None:
        self._folder, self._token = folder, token
        self.port = _free_port()
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


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def make_prompt(number: int) -> dict[str, Any]:
    """Two pictures of one slow node."""
    slow = {"class_type": "KillMatrixSlow", "inputs": {"seed": number}}
    inverted = {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}

    def save(source: str, name: str) -> dict[str, Any]:
        inputs = {"images": [source, 0], "filename_prefix": f"p{number}{name}"}
        return {"class_type": "SaveImage", "inputs": inputs}

    return {"1": slow, "2": save("1", "a"), "3": inverted, "4": save("3", "b")}


def play(address: str, folder: Path, kills: Sequence[Kill]) -> Round:
    """Play one round in a new folder, which is kept only when something was lost."""
    played = Round(kills)
    (folder / "custom_nodes" / "kill_pack").mkdir(parents=True)
    (folder / "custom_nodes" / "kill_pack" / "__init__.py").write_text(PACK)
    server: Server | None = None
    try:
        for life, kill in enumerate(kills):
            token = folder / f"killed{life}"
            server = Server(address, folder, kill, token)
            live(server, kill, played, life)
            server.stop()
            played.happened.append(token.exists())
        server = Server(address, folder, None, folder / "unused")
        server.wait_for_port()
        finish(server, played, "the last life")
        check(server, folder, played)
        server.stop()
    except LostError as error:
        played.problem = str(error)
    except Exception:  # noqa: BLE001 - whatever it is, it is the harness's
        played.problem, played.broken = traceback.format_exc(), True
    finally:
        if server is not None and server.alive():
            server.kill("server")
            wait_until(lambda: not server.alive(), "a killed server ends")
    if played.problem is None:
        shutil.rmtree(folder)
    return played


def live(server: Server, kill: Kill, played: Round, life: int) -> None:
    """Queue prompts and wait until somebody dies or everything is done."""
    if not server.wait_for_port():
        return
    for _ in range(2):
        number = len(played.answered) + len(played.unsure)
        job_id = f"job{number}"
        try:
            server.request("POST", "/prompt", {"prompt": make_prompt(number), "prompt_id": job_id})
            played.answered.add(job_id)
        except (OSError, http.client.HTTPException):
            played.unsure.add(job_id)
    if kill.point == "random":
        time.sleep(kill.delay_s)
        if server.alive():
            server.kill(kill.victim)
    with suppress(OSError, http.client.HTTPException):
        finish(server, played, f"life {life}, {kill.name}")


def finish(server: Server, played: Round, when: str) -> None:
    """Wait until the queue is empty or the server dies."""

    def done() -> bool:
        if not server.alive():
            return True
        return bool(server.request("GET", "/prompt")["exec_info"]["queue_remaining"] == 0)

    wait_until(done, f"the queue gets empty in {when}")


def check(server: Server, folder: Path, played: Round) -> None:
    """Raises: LostError, saying what is not as promised."""
    history = server.request("GET", "/history")
    missing = played.answered - set(history)
    if missing:
        raise LostError(f"answered but gone: {sorted(missing)}")
    strange = set(history) - played.answered - played.unsure
    if strange:
        raise LostError(f"nobody queued {sorted(strange)}")
    shown: Counter[str] = Counter()
    for job_id, entry in history.items():
        shown.update(check_entry(job_id, entry, folder / "output"))
    twice = [name for name, count in shown.items() if count > 1]
    if twice:
        raise LostError(f"in history twice: {twice}")
    files = [path.name for path in (folder / "output").iterdir() if not path.name.startswith(".")]
    for name in files:
        whole(folder / "output" / name)
    played.repeated_files = len(set(files) - set(shown))


def check_entry(job_id: str, entry: Mapping[str, Any], output: Path) -> list[str]:
    """Return the names of the pictures a finished job shows. Raises: LostError."""
    status = entry["status"]
    if not status["completed"]:
        raise LostError(f"{job_id} did not finish: {json.dumps(status)[:600]}")
    kinds = [kind for kind, _ in status["messages"]]
    if len(set(kinds)) != len(kinds) or kinds[-1] != "execution_success":
        raise LostError(f"{job_id} says {kinds}")
    if set(entry["outputs"]) != {"2", "4"}:
        raise LostError(f"{job_id} shows {sorted(entry['outputs'])}, not nodes 2 and 4")
    images = [image for shown in entry["outputs"].values() for image in shown["images"]]
    if len(images) != 2:
        raise LostError(f"{job_id} shows {len(images)} pictures, not 2")
    for image in images:
        if not (output / image["filename"]).exists():
            raise LostError(f"{job_id} shows {image['filename']}, which is not there")
    return [image["filename"] for image in images]


def whole(path: Path) -> None:
    """Raises: LostError, when a picture is not whole."""
    try:
        with Image.open(path) as image:
            image.load()
    except OSError as error:
        raise LostError(f"{path.name} is not whole: {error}") from error


def plan(count: int, seed: int) -> list[list[Kill]]:
    """List rounds with `count` kills altogether: every point alike, a third at random.

    A round kills its worker once at most: a job that kills two workers is failed on purpose.
    """
    chance = random.Random(seed)
    rounds: list[list[Kill]] = []
    left = count
    while left:
        kills = [_server_kill(chance) for _ in range(min(KILLS_PER_ROUND, left))]
        kills[chance.randrange(len(kills))] = _worker_kill(chance)
        rounds.append(kills)
        left -= len(kills)
    return rounds


def _server_kill(chance: random.Random) -> Kill:
    if chance.random() < 1 / 3:
        return Kill("server", "random", delay_s=chance.uniform(0, RANDOM_WITHIN_S))
    point = chance.choice(SERVER_POINTS)
    return Kill("server", point, times=chance.randint(1, 12 if point == "commit" else 2))


def _worker_kill(chance: random.Random) -> Kill:
    if chance.random() < 1 / 3:
        return Kill("worker", "random", delay_s=chance.uniform(0, RANDOM_WITHIN_S))
    return Kill("worker", chance.choice(WORKER_POINTS), times=chance.randint(1, 2))


@contextmanager
def zygote_running(folder: Path) -> Iterator[str]:
    """Run a zygote; give its address."""
    address = str(folder / "zygote")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "e2e" / "zygote.py"), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the zygote did not start")
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.close()


def run_matrix(
    count: int, seed: int, parallel: int, folder: Path, note: Callable[[int, Round], None]
) -> list[Round]:
    """Play rounds with `count` kills altogether."""
    with zygote_running(folder) as address, ThreadPoolExecutor(parallel) as players:

        def play_one(numbered: tuple[int, list[Kill]]) -> Round:
            number, kills = numbered
            played = play(address, folder / f"round{number}", kills)
            note(number, played)
            return played

        return list(players.map(play_one, enumerate(plan(count, seed))))


def report(rounds: Sequence[Round]) -> str:
    """Return a table of verdicts by victim and point."""
    counts: dict[str, Counter[str]] = {}
    for played in rounds:
        for kill, verdict in played.verdicts():
            counts.setdefault(kill.name, Counter())[verdict] += 1
    lines = [f"{'killed':24}" + "".join(f"{verdict:>16}" for verdict in VERDICTS)]
    total: Counter[str] = Counter()
    for name in sorted(counts):
        total += counts[name]
        lines.append(f"{name:24}" + "".join(f"{counts[name][v]:>16}" for v in VERDICTS))
    lines.append(f"{'all':24}" + "".join(f"{total[v]:>16}" for v in VERDICTS))
    answered = sum(len(played.answered) for played in rounds)
    repeated = sum(played.repeated_files for played in rounds)
    lines.append(f"{answered} answered prompts; {repeated} whole pictures that no history names")
    return "\n".join(lines)


def main() -> int:
    """Run from the command line; exit 1 unless every kill was survived or not measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))

    def note(number: int, played: Round) -> None:
        if played.problem is not None:
            print(f"round {number} in {folder}: {played.kills}\n{played.problem}", flush=True)

    rounds = run_matrix(options.kills, options.seed, options.parallel, folder, note)
    print(report(rounds))
    print(f"seed {options.seed}, {time.monotonic() - begun:.0f} s")
    if any(played.problem for played in rounds):
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
