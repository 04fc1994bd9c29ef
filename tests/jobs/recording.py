"""A publisher that remembers, and a service on it, for tests of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.jobs.service import JobService
from engine.jobs.submission import Submission

PATIENCE_S = 60.0


class Recording:
    """A `Publisher` whose messages can be read.

    Attributes:
        sent: (kind, data, client_id) of every message.
        previews: (image_type, image, meta, client_id) of every preview.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], str | None]] = []
        self.previews: list[tuple[str, bytes, Mapping[str, Any], str | None]] = []

    def send(self, kind: str, data: dict[str, Any], *, client_id: str | None) -> None:
        self.sent.append((kind, data, client_id))

    def preview(
        self,
        image_type: str,
        image: bytes,
        meta: Mapping[str, Any],
        *,
        client_id: str | None,
        is_result: bool = False,
    ) -> None:
        self.previews.append((image_type, image, meta, client_id))

    def client_connected(self, client_id: str) -> bool:
        return True

    def of(self, job_id: str) -> list[tuple[str, str | None]]:
        """List (kind, client id) of what was said about a job."""
        return [(kind, to) for kind, data, to in self.sent if data.get("prompt_id") == job_id]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """List the data of all messages of a kind."""
        return [data for sent, data, _ in self.sent if sent == kind]


def prompt(*types: str, text: str = "hello") -> dict[str, Any]:
    """Return a prompt of unconnected nodes, each an output, with ids "1", "2" …"""
    return {
        str(number): {"class_type": type_id, "inputs": {"text": text}}
        for number, type_id in enumerate(types, 1)
    }


async def submit(service: JobService, *types: str, **options: Any) -> Submission:
    """Submit a prompt of such nodes."""
    request: dict[str, Any] = {
        "prompt": prompt(*types),
        "client_id": None,
        "prompt_id": None,
        "number": None,
        "front": False,
        "extra_data": {},
        "targets": None,
    }
    return await service.submit(**{**request, **options})


async def history_of(service: JobService, *page: int) -> dict[str, Any]:
    """Return the history as clients have it; `page` is a limit and an offset."""
    entries: dict[str, Any] = {}
    async for part in service.history(*page):
        entries |= msgspec.json.decode(msgspec.json.encode(part))
    return entries


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that must happen soon."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(f"not in time: {what}") from None
