"""What the server costs: start, tiny prompts, every route while a worker is busy, memory.

`python tests/bench/server_bench.py [--gate] [--repeat 3]`

Starts `main.py` on a new folder with a pack of two nodes: one shows a text, one keeps the worker
busy with matrix products. Prints each figure beside the budget of the design and beside ComfyUI
v0.3.64 on the same kind of machine; with `--gate` it exits 1 when a budget is not met. The clients
run in this process, so their own work is part of the times; on a busy machine look at CPU times.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOT = Path(__file__).parents[2]
ROUTE_ROUNDS = 100
HISTORY_PAGE = 64
MEGABYTE = 1 << 20
PACK = """
import time
import torch

class BenchShow:
    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "testing", "show", (), True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    def show(self, text):
        return {"ui": {"text": [text]}}

class BenchBusy(BenchShow):
    def show(self, text):
        from comfy.utils import ProgressBar

        bar, square, begun = ProgressBar(100_000), torch.rand(512, 512), time.monotonic()
        while time.monotonic() - begun < 600:
            square @ square
            bar.update(1)
        return {"ui": {"text": [text]}}

NODE_CLASS_MAPPINGS = {"BenchShow": BenchShow, "BenchBusy": BenchBusy}
"""
ROUTES = (
    "/prompt",
    "/queue",
    f"/history?max_items={HISTORY_PAGE}",
    "/object_info/KSampler",
    "/embeddings",
    "/models",
    "/models/checkpoints",
    "/experiment/models",
    "/system_stats",
    "/features",
    "/extensions",
    "/i18n",
    "/workflow_templates",
    "/users",
    "/settings",
    "/v2/userdata?path=",
    "/internal/logs",
    "/internal/folder_paths",
    "/internal/files/output",
    "/metrics",
    "/api/tessera/events",
    "/api/tessera/workers",
    "/api/tessera/packs",
    "/api/tessera/queue",
    "/api/tessera/openapi.json",
)


@dataclass(frozen=True)
class Figure:
    """A measurement; `budget` is the most it may be, or the least when `at_least`."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    peer: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        budget = "" if self.budget is None else f"{sign} {self.budget:g} {self.unit}"
        verdict = "" if self.met else "  NOT MET"
        value = f"{self.value:.4g} {self.unit}"
        return f"{self.what:52}{value:>16}{budget:>18}{self.peer:>12}{verdict}"


@contextmanager
def server_process(base: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server; it may still be starting."""
    pack = base / "custom_nodes" / "bench_pack"
    pack.mkdir(parents=True)
    (pack / "__init__.py").write_text(PACK)
    command = [sys.executable, "main.py", "--no-bootstrap", "serve", "--cpu", "--no-browser"]
    command += ["--port", str(port), "--base-directory", str(base)]
    with (base / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def prompt_of(node: str, text: str) -> dict[str, Any]:
    """A prompt of one node."""
    return {"prompt": {"1": {"class_type": node, "inputs": {"text": text}}}}


async def answered(session: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, int]:
    """Return status and number of bytes."""
    async with session.get(path, headers=headers) as response:
        return response.status, len(await response.read())


async def first_answer(session: aiohttp.ClientSession, process: subprocess.Popen[bytes]) -> None:
    """Wait for the first answered request."""
    while process.poll() is None:
        try:
            await answered(session, "/prompt")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.005)
        else:
            return
    raise RuntimeError("the server did not start")


async def queue_prompts(
    session: aiohttp.ClientSession, clients: int, count: int
) -> tuple[float, list[float]]:
    """Have clients queue `count` prompts; return prompts per second and each one's seconds."""
    times: list[float] = []

    async def client(prompts: int) -> None:
        client_id = uuid.uuid4().hex
        for _ in range(prompts):
            body = {**prompt_of("BenchShow", uuid.uuid4().hex), "client_id": client_id}
            begun = time.perf_counter()
            async with session.post("/prompt", json=body) as response:
                assert response.status == 200, await response.text()
                await response.read()
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(client(count // clients) for _ in range(clients)))
    return len(times) / (time.perf_counter() - begun), times


async def queue_empty(session: aiohttp.ClientSession) -> None:
    """Wait until nothing waits or runs."""
    while True:
        async with session.get("/prompt") as response:
            if (await response.json())["exec_info"]["queue_remaining"] == 0:
                return
        await asyncio.sleep(0.05)


def p95_ms(seconds: list[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=20)[-1]


async def measure_routes(session: aiohttp.ClientSession) -> list[Figure]:
    """Ask each route in turn, over and over."""
    times: dict[str, list[float]] = {route: [] for route in ROUTES}
    for _ in range(ROUTE_ROUNDS):
        for route in ROUTES:
            begun = time.perf_counter()
            status, _ = await answered(session, route)
            times[route].append(time.perf_counter() - begun)
            assert status == 200, f"{route}: {status}"
    return [
        Figure(f"p95 of GET {route}", p95_ms(found), "ms", 20) for route, found in times.items()
    ]


async def measure_object_info(session: aiohttp.ClientSession) -> list[Figure]:
    """Fetch all node types, then again with what the first answer said."""
    begun = time.perf_counter()
    async with session.get("/object_info") as response:
        size, tag = len(await response.read()), response.headers["ETag"]
    first_s = time.perf_counter() - begun
    begun = time.perf_counter()
    _, repeated = await answered(session, "/object_info", **{"If-None-Match": tag})
    return [
        Figure("/object_info, size", size / 1024, "KB", peer="505 KB"),
        Figure("/object_info, time", 1000 * first_s, "ms", peer="110 ms"),
        Figure("/object_info again, size", repeated / 1024, "KB", 1, "505 KB"),
        Figure(
            "/object_info again, time", 1000 * (time.perf_counter() - begun), "ms", peer="110 ms"
        ),
    ]


async def measure(base: Path, repeat: int) -> list[Figure]:
    """Run all measurements on a new server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    with server_process(base, port) as process:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            await first_answer(session, process)
            start_s = time.perf_counter() - begun
            server = psutil.Process(process.pid)
            figures = [
                Figure("start to first answer", start_s, "s", 1.5, "12.7 s"),
                Figure("torch libraries in the server", _torch_libraries(process.pid), "", 0),
            ]
            figures += await measure_object_info(session)
            await queue_prompts(session, 4, 200)  # warm
            await queue_empty(session)
            begun, cpu_s = time.perf_counter(), _cpu_s(server)
            rate, times = await queue_prompts(session, 4, 2000)
            await queue_empty(session)
            ran = 2000 / (time.perf_counter() - begun)
            cpu_ms = 1000 * (_cpu_s(server) - cpu_s) / 2000
            figures += [
                Figure("4 clients queue tiny prompts", rate, "/s", 400, "199 /s", at_least=True),
                Figure("  p95 of POST /prompt", p95_ms(times), "ms", 15, "25 ms"),
                Figure("  queued and run to the end", ran, "/s"),
                Figure("  server CPU per prompt, to the end", cpu_ms, "ms"),
            ]
            return figures + await measure_busy(session, server, repeat)


async def measure_busy(
    session: aiohttp.ClientSession, server: psutil.Process, repeat: int
) -> list[Figure]:
    """Measure while a worker computes."""
    async with session.post("/prompt", json=prompt_of("BenchBusy", "")) as response:
        assert response.status == 200, await response.text()
    figures: list[Figure] = []
    memory: list[float] = []
    for _ in range(repeat):
        cpu_s = _cpu_s(server)
        rate, times = await queue_prompts(session, 8, 2000)
        memory.append(server.memory_info().rss / MEGABYTE)
        async with session.post("/queue", json={"clear": True}) as response:
            assert response.status == 200
        figures = [
            Figure("8 clients queue 2,000 beside a busy worker", rate, "/s"),
            Figure("  p95 of POST /prompt", p95_ms(times), "ms"),
            Figure("  server CPU per prompt", 1000 * (_cpu_s(server) - cpu_s) / 2000, "ms"),
        ]
    growth = memory[-1] - memory[0]
    figures += [
        Figure("server memory with 2,000 queued", memory[-1], "MB"),
        Figure(f"  growth over {repeat} times", growth, "MB", 0.05 * memory[0]),
    ]
    figures += await measure_routes(session)
    async with session.post("/interrupt", json={}) as response:
        assert response.status == 200
    await queue_empty(session)
    return figures


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _torch_libraries(pid: int) -> int:
    maps = Path(f"/proc/{pid}/maps").read_text()
    return len({line.split("/")[-1] for line in maps.splitlines() if "libtorch" in line})


def main() -> int:
    """Print the figures; with --gate, exit 1 unless every budget is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="bench-") as base:
        figures = asyncio.run(measure(Path(base), options.repeat))
    print(f"{'':52}{'measured':>16}{'budget':>18}{'ComfyUI':>12}")
    print(*figures, sep="\n")
    return int(options.gate and not all(figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
