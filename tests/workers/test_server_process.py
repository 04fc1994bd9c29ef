"""The process that keeps a pool stays light, and takes its workers with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.workers.local_pools import settings_in
from tests.workers.pool_contract import PATIENCE_S

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]

SERVER = """
import asyncio, sys
from pathlib import Path
from engine.settings import Settings
from engine.workers.local import LocalPool

async def main():
    pool = LocalPool(Settings(base=Path(sys.argv[1])), devices=["cpu"])
    await pool.start()
    await pool.ready()
    prompt = {"1": {"class_type": "Show", "inputs": {"text": "hello"}}}
    found = await pool.validate(prompt, None, {})
    ended = await pool.run("cpu", "job", prompt, found.outputs, {}, lambda event: None)
    print(ended.state, pool.workers()[0].pid, flush=True)
    heavy = {"torch", "nodes", "diffusers", "transformers", "engine.execution"} & set(sys.modules)
    print("heavy:", sorted(heavy), flush=True)
    if "--stay" in sys.argv:
        await asyncio.sleep(60)
    await pool.stop()

asyncio.run(main())
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    settings_in(folder)
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_server_process_loads_neither_torch_nor_nodes(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert server.stdout is not None
        state, pid = server.stdout.readline().split()
        assert state == "success"
        assert server.stdout.readline() == "heavy: []\n"
        assert server.wait() == 0
        assert not psutil.pid_exists(int(pid))


def test_a_worker_ends_with_the_server_that_was_killed(tmp_path: Path) -> None:
    with start(tmp_path, "--stay") as server:
        assert server.stdout is not None
        _, pid = server.stdout.readline().split()
        worker = psutil.Process(int(pid))
        server.send_signal(signal.SIGKILL)
        server.wait()
        end = time.monotonic() + PATIENCE_S
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end, "the worker outlived its server"
            time.sleep(0.01)
