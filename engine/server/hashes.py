"""SHA-256 of model files, remembered while the files stay as they are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeAlias

from aiohttp import web

from engine.server.receiving import digest_of

_State: TypeAlias = tuple[str, int, int, int]


class FileHashes:
    """Reads each file once, one at a time: a checkpoint keeps the disk busy for a while."""

    def __init__(self) -> None:
        self._known: dict[_State, str] = {}
        self._lock = asyncio.Lock()

    async def sha256(self, path: Path) -> str:
        """Return a file's digest as 64 hexadecimal digits. Raises: OSError."""
        async with self._lock:
            status = await asyncio.to_thread(path.stat)
            state = (str(path), status.st_size, status.st_mtime_ns, status.st_ino)
            if state not in self._known:
                self._known[state] = await asyncio.to_thread(digest_of, path)
            return self._known[state]


HASHES: web.AppKey[FileHashes] = web.AppKey("hashes", FileHashes)
