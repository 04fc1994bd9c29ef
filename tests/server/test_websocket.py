"""The WebSocket: the handshake, what clients are told and what they may send."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from engine.server.ws import connection as connections
from tests.server.server_host import PATIENCE_S, Host, show, wait


async def until(socket: ClientWebSocketResponse, kind: str) -> list[Any]:
    """Read messages until one of a kind; return them all."""
    found = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await socket.receive_json()
            found.append(message)
            if message["type"] == kind:
                return found


@pytest.mark.parametrize("path", ["/ws", "/api/ws"])
async def test_a_client_without_id_gets_one(host: Host, path: str) -> None:
    async with host.client.ws_connect(path) as socket:
        message = await socket.receive_json()
    assert message["type"] == "status"
    assert len(message["data"]["sid"]) >= 16
    assert message["data"]["status"] == {"exec_info": {"queue_remaining": 0}}


async def test_feature_flags_are_exchanged(host: Host) -> None:
    async with host.client.ws_connect("/ws?clientId=me") as socket:
        await socket.receive_json()
        await socket.send_json(
            {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        )
        reply = await socket.receive_json()
        assert reply["type"] == "feature_flags"
        assert reply["data"] == await host.json("/features")
        assert reply["data"]["supports_preview_metadata"] is True
        assert reply["data"]["max_upload_size"] == 100 << 20
        meta = {"prompt_id": "p", "node_id": "1"}
        host.services.hub.preview("image/png", b"x", meta, client_id="me")
        assert (await socket.receive_bytes())[:4] == struct.pack(">I", 4)


@pytest.mark.parametrize(
    "first",
    ["", "text", "[]", "{}", '{"type": 1}', '{"type":"feature_flags","data":[]}', "[" * 5000],
)
async def test_what_is_no_message_changes_nothing(host: Host, first: str) -> None:
    async with host.client.ws_connect("/ws?clientId=me") as socket:
        await socket.receive_json()
        await socket.send_str(first)
        await socket.send_bytes(b"\0\1")
        late = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        await socket.send_json(late)  # flags come first or not at all
        host.services.hub.send("pack", {}, client_id="me")
        assert (await socket.receive_json())["type"] == "pack"


async def test_a_run_is_told_in_the_contracts_order(host: Host) -> None:
    async with host.client.ws_connect("/ws?clientId=me") as socket:
        await socket.receive_json()
        prompt_id = await host.queue(show("x"), client_id="me")
        told = await until(socket, "execution_success")
        kinds = [m["type"] for m in told if m["type"] != "status"]
        assert kinds == [
            "execution_start",
            "execution_cached",
            "executing",
            "executed",
            "execution_success",
        ]
        end = (await until(socket, "executing"))[-1]["data"]
        assert end == {"node": None, "prompt_id": prompt_id}
        assert prompt_id in await host.json(f"/history/{prompt_id}")


async def test_only_the_owner_hears_of_a_run(host: Host) -> None:
    async with host.client.ws_connect("/ws?clientId=other") as socket:
        await socket.receive_json()
        await host.until_done(await host.queue(show("x"), client_id="me"))
        host.services.hub.send("end", {}, client_id=None)
        assert {m["type"] for m in await until(socket, "end")} <= {"status", "end"}


async def test_who_connects_again_is_told_over_the_network_as_well(host: Host) -> None:
    async with host.client.ws_connect("/ws?clientId=me") as first:
        await host.queue(wait(), client_id="me", prompt_id="p")
        await until(first, "executing")
        async with host.client.ws_connect("/ws?clientId=me") as second:
            assert (await second.receive_json())["data"]["sid"] == "me"
            assert await second.receive_json() == {"type": "executing", "data": {"node": "1"}}
            closing = await first.receive()
            while closing.type is WSMsgType.TEXT:
                closing = await first.receive()
            assert closing.type is WSMsgType.CLOSE
            await host.post("/interrupt", {})
            await until(second, "execution_interrupted")


async def test_packs_reach_the_browsers(host: Host) -> None:
    async with host.client.ws_connect("/ws?clientId=me") as socket:
        await socket.receive_json()
        host.pool.send("pack.event", {"x": [1]}, sid="me")
        assert (await until(socket, "pack.event"))[-1]["data"] == {"x": [1]}


async def test_a_huge_message_of_a_client_ends_its_connection(host: Host) -> None:
    async with host.client.ws_connect("/ws") as socket:
        await socket.receive_json()
        await socket.send_str("x" * (2 << 20))
        assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert (await host.client.get("/prompt")).status == 200


async def test_an_id_of_any_length_is_not_taken(host: Host) -> None:
    assert (await host.client.get(f"/ws?clientId={'x' * 500}")).status == 400


async def test_a_plain_request_to_the_socket_is_answered(host: Host) -> None:
    assert (await host.client.get("/ws")).status == 400


async def test_a_browser_that_stops_reading_is_cut_off(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "QUEUE_BYTES", 4 << 20)
    monkeypatch.setattr(connections, "_CLOSE_S", 0.05)
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    head = b"GET /ws?clientId=slow HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
    url = host.client.make_url("/")
    reader, writer = await asyncio.open_connection(url.host, url.port, limit=1024)
    writer.write(head + b"Upgrade: websocket\r\n" + key)
    await reader.readuntil(b"\r\n\r\n")
    async with host.client.ws_connect("/ws?clientId=quick") as quick:
        await quick.receive_json()
        assert len(host.services.hub) == 2
        async with asyncio.timeout(PATIENCE_S):
            while host.services.hub.client_connected("slow"):
                host.services.hub.send("big", {"x": "x" * (1 << 20)}, client_id="slow")
                host.services.hub.send("small", {}, client_id="quick")
                assert (await quick.receive_json())["type"] == "small"
        assert host.services.hub.dropped == 1
    writer.close()
