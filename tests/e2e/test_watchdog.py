"""The watchdog ends workers whose nodes do not obey; the queue goes on.

The server runs in this process, so that its patience can be short; the workers are real ones.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from engine.jobs.service import JobService
from engine.jobs.store import JobStore
from engine.models.folders import ModelFolders
from engine.server.app import build_app
from engine.server.services import Services
from engine.server.ws.hub import Hub
from engine.settings import ServerSettings, Settings
from engine.workers.local import LocalPool
from engine.workers.patience import Patience
from tests.e2e.server_process import PACKS, PATIENCE_S, picture_prompt

CANCEL_S = 1.0

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    shutil.copytree(PACKS / "e2e_nodes", tmp_path / "custom_nodes" / "e2e_nodes")
    (tmp_path / "user").mkdir()
    patience = Patience(cancel_s=CANCEL_S, tick_s=0.1, restart_s=0.01)
    store, hub = JobStore(tmp_path / "user" / "jobs.sqlite3"), Hub()
    pool = LocalPool(Settings(base=tmp_path), devices=["cpu"], patience=patience)
    services = Services(
        settings=ServerSettings(web_root=tmp_path),
        jobs=JobService(store, pool, hub),
        pool=pool,
        folders=ModelFolders(tmp_path),
        hub=hub,
    )
    async with TestClient(TestServer(build_app(services))) as client:
        await services.jobs.start()
        await pool.start()
        yield client
        await services.jobs.stop()
        await pool.stop()
    services.pictures.shutdown()
    store.close()


async def get(client: Client, path: str) -> Any:
    async with client.session.get(client.make_url(path)) as answer:
        return await answer.json()


async def queue(client: Client, prompt: dict[str, Any]) -> str:
    async with client.session.post(client.make_url("/prompt"), json={"prompt": prompt}) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["prompt_id"])


async def entry(client: Client, prompt_id: str) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while prompt_id not in (found := await get(client, f"/history/{prompt_id}")):
            await asyncio.sleep(0.05)
    return found[prompt_id]


async def test_a_node_that_ignores_its_cancel_is_ended_with_its_worker(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = await queue(client, picture_prompt(("E2EBlock", "")))
    waiting = [await queue(client, picture_prompt(color=color)) for color in (1, 2)]
    async with asyncio.timeout(PATIENCE_S):
        while not (tmp_path / "runs.txt").exists():
            await asyncio.sleep(0.05)
    async with client.session.post(client.make_url("/interrupt")) as answer:
        assert answer.status == 200

    ended = await entry(client, blocked)

    assert ended["status"]["status_str"] == "error"
    assert "execution_interrupted" in [kind for kind, _ in ended["status"]["messages"]]
    assert f"did not stop within {CANCEL_S:g} s" in caplog.text, "it says why the worker was ended"
    for prompt_id in waiting:
        assert (await entry(client, prompt_id))["status"]["completed"] is True
    (worker,) = await get(client, "/api/tessera/workers")
    assert (worker["restarts"], worker["state"]) == (1, "idle")
    assert list(await get(client, "/history")) == [blocked, *waiting]
    assert (tmp_path / "runs.txt").read_text("utf-8").split() == ["block"], "it ran once"
