"""A server in this process: real jobs and files, workers without processes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from engine.jobs.service import JobService
from engine.jobs.store import JobStore
from engine.models.folders import ModelFolders
from engine.server.app import build_app
from engine.server.services import Services
from engine.server.ws.hub import Hub
from engine.settings import ServerSettings
from tests.workers.fake_pool import FakePool

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Host:
    """A running server and what is behind it."""

    client: TestClient[web.Request, web.Application]
    services: Services
    pool: FakePool
    base: Path

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    def put(self, name: str, content: bytes = b"") -> Path:
        """Write a file below the base directory."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def json(self, path: str) -> Any:
        """Return the JSON of an address that answers 200."""
        async with self.client.session.get(self.client.make_url(path)) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Any) -> int:
        """Send JSON; return the status."""
        async with self.client.session.post(self.client.make_url(path), json=body) as answer:
            return answer.status

    async def queue(self, prompt: dict[str, Any] | None = None, **body: Any) -> str:
        """Queue a prompt; return its id."""
        answer = await self.client.post("/prompt", json={"prompt": prompt or show("x"), **body})
        assert answer.status == 200, await answer.text()
        prompt_id: str = (await answer.json())["prompt_id"]
        return prompt_id

    async def until_done(self, prompt_id: str) -> Any:
        """Wait until a prompt is history; return its entry."""
        async with asyncio.timeout(PATIENCE_S):
            while prompt_id not in (found := await self.json(f"/history/{prompt_id}")):
                await asyncio.sleep(0.005)
        return found[prompt_id]


@asynccontextmanager
async def hosted(base: Path, pool: FakePool | None = None, **settings: Any) -> AsyncIterator[Host]:
    """Run a server whose folders lie in `base`."""
    for name in ("input", "output", "temp", "user", "web"):
        (base / name).mkdir(exist_ok=True)
    pool = pool or FakePool()
    store, hub = JobStore(base / "user" / "jobs.sqlite3"), Hub()
    services = Services(
        settings=ServerSettings(**{"web_root": base / "web", **settings}),
        jobs=JobService(store, pool, hub),
        pool=pool,
        folders=ModelFolders(base),
        hub=hub,
    )
    async with TestClient(TestServer(build_app(services))) as client:
        await services.jobs.start()
        await pool.start()
        yield Host(client, services, pool, base)
        await services.jobs.stop()
        await pool.stop()
    services.pictures.shutdown()
    store.close()


def show(text: str) -> dict[str, Any]:
    """Return a prompt of one node that shows a text."""
    return {"1": {"class_type": "Show", "inputs": {"text": text}}}


def wait() -> dict[str, Any]:
    """Return a prompt that runs until it is cancelled."""
    return {"1": {"class_type": "Wait", "inputs": {}}}


def picture(size: tuple[int, int] = (4, 3), mode: str = "RGB", kind: str = "PNG") -> bytes:
    """Return a picture file."""
    body = io.BytesIO()
    Image.new(mode, size, (200, 100, 50, 128)[: len(mode)]).save(body, kind)
    return body.getvalue()


def form(content: bytes, name: str, **fields: str) -> FormData:
    """Return an upload form; names go out as browsers write them."""
    data = FormData(quote_fields=False)
    data.add_field("image", content, filename=name, content_type="application/octet-stream")
    for key, value in fields.items():
        data.add_field(key, value)
    return data
