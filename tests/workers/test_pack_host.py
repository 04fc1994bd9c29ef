"""What packs get from their host in a real worker: routes, messages, prompts, folders, a loop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import pytest
import pytest_asyncio

from engine.models.folders import ModelFolders
from engine.workers.local import LocalPool
from engine.workers.pool import WORKER_HEADER
from engine.workers.wire import Broadcast
from tests.workers.local_pools import QUICK, settings_in
from tests.workers.pool_contract import prompt_of

MAX_BODY_BYTES = 3 << 20

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folders(tmp_path_factory: pytest.TempPathFactory) -> ModelFolders:
    return ModelFolders(tmp_path_factory.mktemp("pool"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(folders: ModelFolders) -> AsyncIterator[LocalPool]:
    pool = LocalPool(
        settings_in(folders.base),
        devices=["cpu"],
        patience=QUICK,
        folders=folders,
        max_body_bytes=MAX_BODY_BYTES,
    )
    await pool.start()
    await pool.ready()
    yield pool
    await pool.stop()


def address(pool: LocalPool, route: str) -> tuple[str, dict[str, str]]:
    """Return where a route is, and the header that opens it."""
    port, secret = pool.routes()[route]
    return f"http://127.0.0.1:{port}{route.partition(' ')[2]}", {WORKER_HEADER: secret}


async def test_routes_of_packs_are_for_the_server_alone(pool: LocalPool) -> None:
    url, key = address(pool, "GET /tests/greet/{name}")
    url = url.replace("{name}", "ada")
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=key) as answer:
            assert await answer.json() == {"hello": "ada"}
        for headers in ({}, {WORKER_HEADER: "guessed"}):
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 403


async def test_routes_of_packs_take_bodies_as_large_as_the_server_does(pool: LocalPool) -> None:
    url, key = address(pool, "POST /tests/measure")
    async with aiohttp.ClientSession(headers=key) as session:
        async with session.post(url, data=BytesIO(bytes(MAX_BODY_BYTES))) as answer:
            assert await answer.json() == {"size": MAX_BODY_BYTES}
        async with session.post(url, data=BytesIO(bytes(MAX_BODY_BYTES + 1))) as answer:
            assert answer.status == 413


async def test_packs_speak_to_the_client_of_the_job(pool: LocalPool) -> None:
    heard: list[Broadcast] = []
    pool.listen(changed=lambda: None, broadcast=heard.append)
    prompt, owner = prompt_of("Shout", text="hello"), {"client_id": "me"}
    await pool.run("cpu", "shout", prompt, ["1"], owner, lambda event: None)
    (message,) = heard
    assert (message.event, message.sid) == ("tests.shout", "me")
    assert json.loads(message.data) == {"text": "hello"}


async def test_packs_may_change_a_prompt_before_it_is_checked(pool: LocalPool) -> None:
    found = await pool.validate(prompt_of("Show", text="whisper"), None, {})
    assert json.loads(found.prompt) == prompt_of("Show", text="WHISPER")


async def test_packs_see_and_change_what_comes_with_a_prompt(pool: LocalPool) -> None:
    rest = {"client_id": "me", "number": 3.0, "extra_data": {"sign": True}}
    found = await pool.validate(prompt_of("Show", text=""), None, rest)
    assert found.extra_data is not None
    assert json.loads(found.extra_data) == {"sign": True, "signed_for": "me", "number": 3.0}


async def test_tasks_given_to_the_loop_at_import_run_beside_the_routes(pool: LocalPool) -> None:
    url, key = address(pool, "GET /tests/begun")
    async with aiohttp.ClientSession(headers=key) as session, session.get(url) as answer:
        at_import, at_request = await answer.json()
    assert at_import == at_request == "pack routes"


async def test_the_server_learns_the_model_folders_that_packs_add(
    pool: LocalPool, folders: ModelFolders
) -> None:
    file = folders.base / "models/brushes/soft.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    assert folders.names("brushes") == ["soft.safetensors"]
    assert folders.resolve("brushes", "soft.safetensors") == file
    assert "checkpoints" in folders.keys()  # noqa: SIM118 - a method, no mapping
