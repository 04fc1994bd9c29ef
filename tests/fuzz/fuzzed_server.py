"""The server that fuzzers feed: a process of its own, so that its memory is its own.

As a script: `python -m tests.fuzz.fuzzed_server FOLDER` serves until its standard input ends, and
prints the address it listens on.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientSession

from engine.server.memory import return_large_blocks
from tests.fuzz.reading_pool import ReadingPool
from tests.server.server_host import hosted

ROOT = Path(__file__).resolve().parents[2]
MAX_UPLOAD_BYTES = 1 << 20
END_S = 30.0


@dataclass(frozen=True, slots=True)
class FuzzedServer:
    """A server in another process, and how to talk to it.

    Attributes:
        base: The folder below which it keeps everything.
    """

    origin: str
    base: Path
    session: ClientSession
    pid: int

    def put(self, name: str, content: bytes) -> None:
        """Write a file below the base directory."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    async def post(self, path: str, body: Any) -> int:
        """Send JSON; return the status."""
        async with self.session.post(self.origin + path, json=body) as answer:
            return answer.status

    def cpu_s(self) -> float:
        """Return how long the server has computed: its process alone."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def memory_bytes(self) -> int:
        """Return how much memory the server has: its process alone."""
        return int(psutil.Process(self.pid).memory_info().rss)


@asynccontextmanager
async def fuzzed_server(base: Path) -> AsyncIterator[FuzzedServer]:
    """Run a server with its files in `base` until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz.fuzzed_server", str(base)),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        origin = (await process.stdout.readline()).decode().strip()
        assert origin, "the server did not start"
        async with ClientSession() as session:
            yield FuzzedServer(origin, base, session, process.pid)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise


async def _serve(base: Path) -> None:
    async with hosted(base, ReadingPool(), max_upload_bytes=MAX_UPLOAD_BYTES) as host:
        print(host.origin, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)  # what clients send wrong is no news here
    warnings.simplefilter("ignore")
    return_large_blocks()
    asyncio.run(_serve(Path(sys.argv[1])))
