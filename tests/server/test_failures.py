"""What goes wrong is answered with what it was, and nothing more."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from engine.unfinished import remove_abandoned
from engine.workers.pool import WorkerDiedError
from tests.server.server_host import PATIENCE_S, Host, form, picture, show


def raising(error: Exception) -> Any:
    def fail(*args: object, **kwargs: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    ("number", "status", "kind"),
    [
        (errno.ENOSPC, 507, "disk_full"),
        (errno.EROFS, 507, "not_writable"),
        (errno.EACCES, 507, "not_writable"),
        (errno.EFBIG, 507, "disk_full"),
        (errno.ENAMETOOLONG, 400, "bad_request"),
        (errno.EIO, 500, "internal_error"),
    ],
)
async def test_a_disk_that_takes_nothing_is_named(
    host: Host, monkeypatch: pytest.MonkeyPatch, number: int, status: int, kind: str
) -> None:
    monkeypatch.setattr("engine.server.receiving.unfinished", raising(OSError(number, "x")))
    for path, data in (
        ("/upload/image", form(picture(), "a.png")),
        ("/userdata/a.json", b"{}"),
        ("/settings", b"{}"),
    ):
        answer = await host.client.post(path, data=data)
        assert answer.status == status
        assert (await answer.json())["error"]["type"] == kind
    assert list((host.base / "input").iterdir()) == []


async def test_half_an_upload_leaves_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    full = raising(OSError(errno.ENOSPC, "full"))
    monkeypatch.setattr("engine.server.receiving.shutil.copyfile", full)
    answer = await host.client.post("/upload/image", data=form(picture(), "a.png"))
    assert answer.status == 507
    assert list((host.base / "input").iterdir()) == []


async def test_what_comes_in_lies_where_the_next_start_after_a_kill_removes_it(host: Host) -> None:
    url, temp = host.client.make_url("/"), host.base / "temp"
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        b"POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    async with asyncio.timeout(PATIENCE_S):
        while not (coming := list(temp.iterdir())):
            await asyncio.sleep(0.005)
        assert remove_abandoned(temp) == 0, "it is still being received"
        writer.transport.abort()
        while list(temp.iterdir()):
            await asyncio.sleep(0.005)
    coming[0].touch()  # as a killed server leaves it
    assert remove_abandoned(temp) == 1


async def test_a_file_system_without_links_takes_uploads_as_well(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.server.receiving.os.link", raising(OSError(errno.EPERM, "x")))
    names = []
    for width in (1, 2, 1):
        data = form(picture((width, 1)), "a.png")
        names.append((await (await host.client.post("/upload/image", data=data)).json())["name"])
    assert names == ["a.png", "a (1).png", "a.png"]


async def test_a_file_in_the_way_of_a_folder_is_named(host: Host) -> None:
    assert (await host.client.post("/userdata/a", data=b"x")).status == 200
    answer = await host.client.post("/userdata/a%2Fb", data=b"x")
    assert answer.status == 409
    assert await (await host.client.get("/userdata/a")).read() == b"x"


async def test_without_workers_the_client_is_told(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = raising(WorkerDiedError("cpu", "it was killed by signal 9"))
    for name in ("validate", "query", "convert", "ready"):
        monkeypatch.setattr(host.pool, name, died)
    answers = [
        await host.client.post("/prompt", json={"prompt": show("x")}),
        await host.client.get("/object_info"),
        await host.client.post("/api/tessera/convert", json={"workflow": {"nodes": []}}),
    ]
    for answer in answers:
        assert answer.status == 503
        assert "signal 9" in (await answer.json())["error"]["message"]
    assert (await host.client.get("/system_stats")).status == 200
    assert (await host.client.get("/queue")).status == 200


async def test_our_own_mistakes_are_logged_and_not_shown(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(host.services.jobs, "running", raising(RuntimeError("a secret detail")))
    answer = await host.client.get("/queue")
    assert answer.status == 500
    assert "secret" not in await answer.text()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "a secret detail" in caplog.text


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(host: Host) -> None:
    url = host.client.make_url("/")
    for head in (
        b"POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
        b"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{",
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        b"garbage\r\n\r\n",
    ):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.01)
        if b"websocket" in head:
            await until(lambda: len(host.services.hub) == 1)
        writer.transport.abort()
    await until(lambda: len(host.services.hub) == 0)
    assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)
