"""The node types of the last run are answered at once, while they surely hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.workers.pool import WorkerState
from tests.server.server_host import PATIENCE_S, hosted
from tests.workers.fake_pool import FakePool

TYPES: dict[str, Any] = {"Paint": {"input": {}}}
OTHER: dict[str, Any] = {"Paint": {"input": {}}, "Carve": {"input": {}}}
RENAMED: dict[str, Any] = {"Draw": [{"new_node_id": "Paint", "old_node_id": "Draw"}]}
NEVER_S = 3600.0
SOON_S = 0.1


def pool(types: Any, *, loads_s: float = 0.0) -> FakePool:
    pool = FakePool(start_s=loads_s)
    pool.answers["object_info", ""] = types
    pool.answers["packs", ""] = []
    return pool


async def first_run(base: Path, types: Any = TYPES) -> None:
    """Let a server ask its workers, and end."""
    async with hosted(base, pool(types)) as host:
        assert await host.json("/object_info") == types


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "custom_nodes/pack/__init__.py"
    path.parent.mkdir(parents=True)
    path.write_text("# a pack")
    return tmp_path


async def test_a_second_start_answers_while_the_workers_load(base: Path) -> None:
    await first_run(base)
    async with hosted(base, pool(TYPES, loads_s=NEVER_S)) as host:
        assert await host.json("/object_info") == TYPES
        assert await host.json("/object_info/Paint") == TYPES


async def test_a_worker_that_starts_again_is_waited_for(base: Path) -> None:
    """Files may have come since this server started."""
    await first_run(base)
    async with hosted(base, pool(TYPES)) as host:
        await host.pool.ready()
        host.pool.answers["object_info", ""] = OTHER
        host.pool.kill("cpu")
        host.pool.get_ready_again("cpu", SOON_S)
        assert await host.json("/object_info") == OTHER


async def test_what_was_answered_early_stays_true_for_browsers(base: Path) -> None:
    await first_run(base)
    async with hosted(base, pool(TYPES, loads_s=SOON_S)) as host:
        tag = (await host.client.get("/object_info")).headers["ETag"]
        await host.pool.ready()
        assert (await host.client.get("/object_info")).headers["ETag"] == tag


async def test_a_first_start_waits(base: Path) -> None:
    async with hosted(base, pool(TYPES, loads_s=SOON_S)) as host:
        assert await host.json("/object_info") == TYPES
        assert host.pool.workers()[0].state is WorkerState.IDLE


def edit_pack(base: Path) -> None:
    (base / "custom_nodes/pack/__init__.py").write_text("# a newer pack")


def add_pack(base: Path) -> None:
    (base / "custom_nodes/another.py").write_text("")


def remove_pack(base: Path) -> None:
    (base / "custom_nodes/pack").rename(base / "custom_nodes/pack.disabled")


def add_model(base: Path) -> None:
    (base / "models/loras").mkdir(parents=True)
    (base / "models/loras/new.safetensors").write_bytes(b"")


def add_picture(base: Path) -> None:
    (base / "input/new.png").write_bytes(b"")


def damage(base: Path) -> None:
    (base / "user/cache/node_types.msgpack").write_bytes(b"damaged")


@pytest.mark.parametrize(
    "change", [edit_pack, add_pack, remove_pack, add_model, add_picture, damage]
)
async def test_after_any_change_the_workers_are_waited_for(
    base: Path, change: Callable[[Path], None]
) -> None:
    await first_run(base)
    change(base)
    async with hosted(base, pool(OTHER, loads_s=SOON_S)) as host:
        assert await host.json("/object_info") == OTHER


async def test_packs_that_are_left_out_by_the_command_line_are_a_change(base: Path) -> None:
    await first_run(base)
    async with hosted(base, pool(OTHER, loads_s=SOON_S), packs=False) as host:
        assert await host.json("/object_info") == OTHER


async def test_clients_are_told_when_the_workers_say_something_else(base: Path) -> None:
    """A pack may read what cannot be watched."""
    await first_run(base)
    async with (
        hosted(base, pool(OTHER, loads_s=NEVER_S)) as host,
        host.client.ws_connect("/ws") as socket,
    ):
        assert await host.json("/object_info") == TYPES
        host.pool.get_ready_again("cpu", SOON_S)
        async with asyncio.timeout(PATIENCE_S):
            while (await socket.receive_json())["type"] != "node_types_changed":
                pass
        assert await host.json("/object_info") == OTHER


async def test_clients_are_told_when_only_the_replacements_differ(base: Path) -> None:
    """A pack may rename a type that no other pack has any more."""
    await first_run(base)
    workers = pool(TYPES, loads_s=NEVER_S)
    workers.answers["replacements", ""] = RENAMED
    async with hosted(base, workers) as host, host.client.ws_connect("/ws") as socket:
        assert await host.json("/node_replacements") == {}
        workers.get_ready_again("cpu", SOON_S)
        async with asyncio.timeout(PATIENCE_S):
            while (await socket.receive_json())["type"] != "node_types_changed":
                pass
        assert await host.json("/node_replacements") == RENAMED
        assert await host.json("/object_info") == TYPES


async def test_replacements_that_came_with_a_restarted_worker_are_answered(base: Path) -> None:
    async with hosted(base, pool(TYPES)) as host:
        assert await host.json("/node_replacements") == {}
        host.pool.answers["replacements", ""] = RENAMED
        host.pool.kill("cpu")
        host.pool.get_ready_again("cpu", SOON_S)
        assert await host.json("/node_replacements") == RENAMED


async def test_what_was_changed_during_a_run_is_not_kept(base: Path) -> None:
    async with hosted(base, pool(TYPES)) as host:
        await host.client.get("/features")
        edit_pack(base)
        assert await host.json("/object_info") == TYPES
    async with hosted(base, pool(OTHER, loads_s=SOON_S)) as host:
        assert await host.json("/object_info") == OTHER


async def test_scripts_of_packs_are_known_as_early(base: Path) -> None:
    script = base / "custom_nodes/pack/web/pack.js"
    script.parent.mkdir()
    script.write_text("export {}")
    workers = pool(TYPES)
    workers.answers["packs", ""] = [{"name": "pack", "web": {"pack": str(script.parent)}}]
    async with hosted(base, workers) as host:
        await host.json("/object_info")
    async with hosted(base, pool(TYPES, loads_s=NEVER_S)) as host:
        assert await host.json("/extensions") == ["/extensions/pack/pack.js"]
        assert (await host.client.get("/extensions/pack/pack.js")).status == 200


async def test_a_folder_that_cannot_be_written_only_costs_the_speed(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (base / "user").mkdir()
    (base / "user/cache").write_bytes(b"in the way")
    await first_run(base)
    assert "not kept for the next start" in caplog.text
