"""Addresses that packs registered are answered by their worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer, unused_port

from engine.workers.pool import WORKER_HEADER
from tests.server.server_host import PATIENCE_S, Host

SECRET = "the worker's secret"


async def echo(request: web.Request) -> web.StreamResponse:
    """Tell what arrived."""
    return web.json_response(
        {
            "method": request.method,
            "path": request.path_qs,
            "body": (await request.read()).decode(),
            "secret": request.headers.get(WORKER_HEADER),
            "cookie": request.headers.get("Cookie"),
            "authorization": request.headers.get("Authorization"),
            "custom": request.headers.get("X-Custom"),
        },
        headers={"X-Answer": "yes", "Set-Cookie": "a=b"},
    )


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Answer what arrives, and who asks."""
    socket = web.WebSocketResponse(protocols=("tests",))
    await socket.prepare(request)
    await socket.send_json(
        {"secret": request.headers.get(WORKER_HEADER), "cookie": request.headers.get("Cookie")}
    )
    async for message in socket:
        if message.data == "leave":
            await socket.close(code=4001)
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data.upper())
        else:
            await socket.send_bytes(message.data[::-1])
    LEFT.append(socket.close_code or 0)
    return socket


LEFT: list[int] = []


@pytest.fixture
async def worker() -> AsyncIterator[TestServer]:
    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/my_pack/socket", socket)
    app.router.add_route("*", "/{path:.*}", echo)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
def packed(host: Host, worker: TestServer) -> Host:
    assert worker.port is not None
    target = (worker.port, SECRET)
    host.pool.pack_routes = {
        "GET /my_pack/hello": target,
        "GET /my_pack/socket": target,
        "POST /my_pack/items/{name}": target,
        "GET /my_pack/files/{tail:.*}": target,
    }
    return host


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_requests_reach_the_pack_with_the_secret(packed: Host, prefix: str) -> None:
    headers = {"X-Custom": "1", "Authorization": "Bearer x", WORKER_HEADER: "forged"}
    answer = await packed.client.get(
        f"{prefix}/my_pack/hello?a=%20b", headers=headers, cookies={"c": "d"}
    )
    assert answer.status == 200
    assert answer.headers["X-Answer"] == "yes"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await answer.json() == {
        "method": "GET",
        "path": "/my_pack/hello?a=%20b",
        "body": "",
        "secret": SECRET,
        "cookie": None,
        "authorization": None,
        "custom": "1",
    }


async def test_bodies_and_patterns_are_passed_on(packed: Host) -> None:
    body = "x" * 900_000
    answer = await packed.client.post("/my_pack/items/a%2Fb", data=body)
    found = await answer.json()
    assert (found["method"], found["path"], found["body"]) == ("POST", "/my_pack/items/a%2Fb", body)
    answer = await packed.client.get("/my_pack/files/a/b/c.txt")
    assert (await answer.json())["path"] == "/my_pack/files/a/b/c.txt"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/my_pack/hello"), ("GET", "/my_pack"), ("GET", "/my_pack/items/a")],
)
async def test_what_no_pack_registered_is_not_found(packed: Host, method: str, path: str) -> None:
    assert (await packed.client.request(method, path)).status == 404


async def test_pages_of_others_do_not_reach_packs(packed: Host) -> None:
    headers = {"Origin": "https://evil.example"}
    assert (await packed.client.get("/my_pack/hello", headers=headers)).status == 403


async def test_a_worker_that_does_not_answer_is_reported(host: Host) -> None:
    host.pool.pack_routes = {"GET /gone": (unused_port(), SECRET)}
    answer = await host.client.get("/gone")
    assert answer.status == 502
    assert "worker" in (await answer.json())["error"]["message"]


async def test_routes_follow_the_workers(packed: Host) -> None:
    assert (await packed.client.get("/my_pack/hello")).status == 200
    packed.pool.pack_routes = {}
    assert (await packed.client.get("/my_pack/hello")).status == 404


async def test_packs_do_not_take_over_our_own_addresses(packed: Host, worker: TestServer) -> None:
    assert worker.port is not None
    packed.pool.pack_routes = {"GET /prompt": (worker.port, SECRET)}
    assert await packed.json("/prompt") == {"exec_info": {"queue_remaining": 0}}


# --- WebSockets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_sockets_of_packs_carry_texts_and_bytes_both_ways(packed: Host, prefix: str) -> None:
    path = f"{prefix}/my_pack/socket?a=1"
    async with packed.client.ws_connect(path, protocols=("other", "tests")) as browser:
        assert browser.protocol == "tests"
        assert await browser.receive_json() == {"secret": SECRET, "cookie": None}
        await browser.send_str("hello")
        assert await browser.receive_str() == "HELLO"
        await browser.send_bytes(b"abc")
        assert await browser.receive_bytes() == b"cba"


async def test_who_leaves_a_socket_is_told_to_the_other_side(packed: Host) -> None:
    async with packed.client.ws_connect("/my_pack/socket") as browser:
        await browser.receive_json()
        await browser.send_str("leave")
        assert (await browser.receive()).type is WSMsgType.CLOSE
        assert browser.close_code == 4001
    async with packed.client.ws_connect("/my_pack/socket") as browser:
        await browser.receive_json()
        await browser.close(code=4002)
    async with asyncio.timeout(PATIENCE_S):
        while 4002 not in LEFT:
            await asyncio.sleep(0.001)


async def test_large_messages_pass_up_to_the_limit_of_uploads(packed: Host) -> None:
    async with packed.client.ws_connect("/my_pack/socket", max_msg_size=1 << 23) as browser:
        await browser.receive_json()
        body = bytes(range(256)) * (1 << 13)
        await browser.send_bytes(body)
        assert await browser.receive_bytes() == body[::-1]


async def test_an_address_that_takes_no_socket_says_so(packed: Host) -> None:
    with pytest.raises(WSServerHandshakeError, match="400"):
        await packed.client.ws_connect("/my_pack/hello")


async def test_a_socket_to_a_worker_that_is_gone_is_refused(host: Host) -> None:
    host.pool.pack_routes = {"GET /gone": (unused_port(), SECRET)}
    with pytest.raises(WSServerHandshakeError, match="502"):
        await host.client.ws_connect("/gone")


async def test_cve_2024_10481_pages_of_others_get_no_socket_of_a_pack(packed: Host) -> None:
    with pytest.raises(WSServerHandshakeError, match="403"):
        await packed.client.ws_connect(
            "/my_pack/socket", headers={"Origin": "https://evil.example"}
        )
