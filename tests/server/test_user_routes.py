"""Users, settings and user files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.server import users
from engine.server.routes import userdata
from engine.server.routes import users as routes
from tests.server.server_host import Host, hosted


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path, multi_user=True) as running:
        yield running


async def test_one_user_needs_no_name(host: Host) -> None:
    assert await host.json("/users") == {"storage": "server", "migrated": False}
    await host.post("/settings", {"a": 1})
    assert await host.json("/users") == {"storage": "server", "migrated": True}


async def test_users_are_added_once(shared: Host) -> None:
    answer = await shared.client.post("/users", json={"username": "Zoë ../"})
    user = await answer.json()
    users = (await shared.json("/users"))["users"]
    assert users == {"default": "default", user: "Zoë ../"}
    assert "/" not in user
    again = await shared.client.post("/users", json={"username": "Zoë ../"})
    assert again.status == 400
    assert set(await again.json()) == {"error"}
    assert await shared.post("/users", {"username": " "}) == 400
    assert await shared.post("/users", {}) == 400


async def test_each_user_has_own_settings_and_files(shared: Host) -> None:
    user = await (await shared.client.post("/users", json={"username": "me"})).json()
    headers = {"comfy-user": user}
    await shared.client.post("/settings/a", json=1, headers=headers)
    await shared.client.post("/userdata/f", data=b"x", headers=headers)
    assert await shared.json("/settings") == {}
    assert (await shared.client.get("/userdata/f")).status == 404
    answer = await shared.client.get("/settings", headers=headers)
    assert await answer.json() == {"a": 1}


@pytest.mark.parametrize("user", ["unknown", "..", "../default", ""])
async def test_an_unknown_user_is_refused(shared: Host, user: str) -> None:
    for path in ("/settings", "/settings/a", "/userdata?dir=a", "/userdata/a", "/v2/userdata"):
        assert (await shared.client.get(path, headers={"comfy-user": user})).status == 401


async def test_without_several_users_the_header_means_nothing(host: Host) -> None:
    answer = await host.client.get("/settings", headers={"comfy-user": "unknown"})
    assert answer.status == 200


async def test_settings_are_merged_and_kept(host: Host) -> None:
    assert await host.json("/settings") == {}
    assert await host.json("/settings/Comfy.A") is None
    assert await host.post("/settings", {"Comfy.A": [1], "b": 2}) == 200
    assert await host.post("/settings/b", {"x": None}) == 200
    assert await host.post("/settings/Comfy.A", "text") == 200
    assert await host.json("/settings") == {"Comfy.A": "text", "b": {"x": None}}
    assert await host.json("/api/settings/b") == {"x": None}
    assert (host.base / "user/default/comfy.settings.json").is_file()


async def test_settings_changed_at_once_are_all_kept(host: Host) -> None:
    await asyncio.gather(*(host.post(f"/settings/s{number}", number) for number in range(20)))
    assert len(await host.json("/settings")) == 20


async def test_settings_are_bounded_as_a_whole(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_SETTINGS_BYTES", 4096)
    assert await host.post("/settings/a", "x" * 2000) == 200
    answer = await host.client.post("/settings/b", json="y" * 2500)
    assert answer.status == 413
    assert (await answer.json())["error"]["type"] == "settings_too_large"
    assert await host.json("/settings") == {"a": "x" * 2000}
    assert await host.post("/settings/a", "short") == 200
    assert await host.post("/settings/b", "y" * 2500) == 200


async def test_users_are_bounded_in_number(shared: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MAX_USERS", 3)
    for name in ("a", "b"):
        assert await shared.post("/users", {"username": name}) == 200
    answer = await shared.client.post("/users", json={"username": "c"})
    assert answer.status == 409
    assert "3 users" in (await answer.json())["error"]["message"]
    assert len((await shared.json("/users"))["users"]) == 3


async def test_files_of_a_user_are_bounded_in_number(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(userdata, "MAX_FILES", 3)
    for name in ("a", "deep%2Fb", "deep%2Fc"):
        assert await host.post(f"/userdata/{name}", {}) == 200
    answer = await host.client.post("/userdata/d", data=b"x")
    assert answer.status == 507
    assert "3 files" in (await answer.json())["error"]["message"]
    assert not (host.base / "user/default/d").exists()
    assert await host.post("/userdata/a", {"changed": True}) == 200, "it is there already"
    assert (await host.client.delete("/userdata/a")).status == 204
    assert await host.post("/userdata/d", {}) == 200


@pytest.mark.parametrize("body", [b"", b"[1]", b"nul", b'"x"'])
async def test_settings_that_are_no_object_are_refused(host: Host, body: bytes) -> None:
    assert (await host.client.post("/settings", data=body)).status == 400


async def test_damaged_settings_are_reported_and_left_alone(host: Host) -> None:
    path = host.put("user/default/comfy.settings.json", b"{damaged")
    answer = await host.client.post("/settings/a", json=1)
    assert answer.status == 500
    assert "comfy.settings.json" in (await answer.json())["error"]["message"]
    assert path.read_bytes() == b"{damaged"


async def test_a_file_is_saved_read_moved_and_deleted(host: Host) -> None:
    name = "workflows%2Fa%20b.json"
    answer = await host.client.post(f"/userdata/{name}", data=b'{"x": 1}')
    assert await answer.json() == "workflows/a b.json"
    assert await host.json(f"/userdata/{name}") == {"x": 1}
    moved = await host.client.post(f"/userdata/{name}/move/workflows%2Fnew%2Fc.json")
    assert await moved.json() == "workflows/new/c.json"
    assert (await host.client.get(f"/userdata/{name}")).status == 404
    assert (await host.client.delete("/userdata/workflows%2Fnew%2Fc.json")).status == 204
    assert (await host.client.delete("/userdata/workflows%2Fnew%2Fc.json")).status == 404


async def test_a_file_is_not_replaced_when_the_client_says_so(host: Host) -> None:
    await host.client.post("/userdata/a", data=b"1")
    await host.client.post("/userdata/b", data=b"2")
    assert (await host.client.post("/userdata/a?overwrite=false", data=b"3")).status == 409
    assert (await host.client.post("/userdata/a/move/b?overwrite=false")).status == 409
    assert await (await host.client.get("/userdata/a")).read() == b"1"
    assert (await host.client.post("/userdata/a/move/b")).status == 200
    assert await (await host.client.get("/userdata/b")).read() == b"1"


async def test_a_saved_file_is_described_when_asked(host: Host) -> None:
    answer = await host.client.post("/userdata/d%2Fa?full_info=true", data=b"123")
    info = await answer.json()
    assert set(info) == {"path", "size", "modified", "created"}
    assert (info["path"], info["size"]) == ("d/a", 3)


@pytest.mark.parametrize("name", ["%20", "d", "a%00b", "x" * 300, "a%0Ab"])
async def test_an_unusable_name_is_refused(host: Host, name: str) -> None:
    host.put("user/default/d/inside")
    assert (await host.client.post(f"/userdata/{name}", data=b"x")).status in (400, 403)


async def test_folders_are_listed(host: Host) -> None:
    for name in ("w/a.json", "w/sub/b.json", "other/c"):
        host.put(f"user/default/{name}", b"12")
    assert await host.json("/userdata?dir=w") == ["a.json"]
    assert await host.json("/userdata?dir=w&recurse=true") == ["a.json", "sub/b.json"]
    assert await host.json("/userdata?dir=w&recurse=true&split=true") == [
        ["a.json", "a.json"],
        ["sub/b.json", "sub", "b.json"],
    ]
    (info,) = await host.json("/userdata?dir=w&full_info=true")
    assert (info["path"], info["size"]) == ("a.json", 2)
    assert (await host.client.get("/userdata")).status == 400
    assert (await host.client.get("/userdata?dir=missing")).status == 404


async def test_the_tree_lists_folders_first(host: Host) -> None:
    assert await host.json("/v2/userdata") == []
    for name in ("w/a.json", "w/sub/b.json"):
        host.put(f"user/default/{name}", b"12")
    entries = await host.json("/v2/userdata?path=w")
    assert [(entry["path"], entry["type"]) for entry in entries] == [
        ("w/sub", "directory"),
        ("w/a.json", "file"),
        ("w/sub/b.json", "file"),
    ]
    assert entries[1]["size"] == 2
    assert len(await host.json("/v2/userdata")) == 4
    assert (await host.client.get("/v2/userdata?path=missing")).status == 404
