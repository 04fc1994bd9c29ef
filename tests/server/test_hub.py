"""Messages to clients: their frames, who gets them, and clients that do not read."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest
from aiohttp import WSMsgType

from engine.server.ws import connection as connections
from engine.server.ws import messages
from tests.server.hub_clients import Clients, settle

# --- frames --------------------------------------------------------------------------------------


def test_a_message_is_json_with_type_and_data() -> None:
    frame = messages.message("progress", {"value": 1, "max": float("nan")})
    assert frame.is_text
    assert json.loads(frame.body) == {"type": "progress", "data": {"value": 1, "max": None}}


@pytest.mark.parametrize(("image_type", "number"), [("image/jpeg", 1), ("image/png", 2)])
def test_a_preview_is_frame_1(image_type: str, number: int) -> None:
    assert messages.preview(image_type, b"pixels").body == struct.pack(">II", 1, number) + b"pixels"


def test_a_preview_with_metadata_is_frame_4() -> None:
    frame = messages.preview_with_metadata("image/png", b"pixels", {"node_id": "7:ä"})
    kind, length = struct.unpack(">II", frame.body[:8])
    assert kind == 4
    expected = {"node_id": "7:ä", "image_type": "image/png"}
    assert json.loads(frame.body[8 : 8 + length]) == expected
    assert frame.body[8 + length :] == b"pixels"


def test_status_tells_the_id_to_the_one_who_connects() -> None:
    remaining = {"status": {"exec_info": {"queue_remaining": 3}}}
    assert json.loads(messages.status(3).body)["data"] == remaining
    assert json.loads(messages.status(3, "me").body)["data"] == {**remaining, "sid": "me"}


# --- hub -----------------------------------------------------------------------------------------


async def test_messages_reach_their_owner_or_everybody(clients: Clients) -> None:
    mine, other = clients.connect("me"), clients.connect("other")
    clients.hub.send("progress", {"value": 1}, client_id="me")
    clients.hub.send("pack.message", {"x": 2}, client_id=None)
    clients.hub.send("progress", {"value": 3}, client_id="nobody")
    clients.hub.send("progress", {"value": 4}, client_id="")
    await settle()
    assert [m["type"] for m in mine.texts()] == ["status", "progress", "pack.message"]
    assert [m["type"] for m in other.texts()] == ["status", "pack.message"]


async def test_previews_come_in_the_form_each_client_takes(clients: Clients) -> None:
    meta = {"prompt_id": "p", "node_id": "1"}
    plain = clients.connect("a")
    rich = clients.connect("b", supports_preview_metadata=True)
    almost = clients.connect("c", supports_preview_metadata="true")
    clients.hub.preview("image/png", b"x", meta, client_id=None)
    await settle()
    assert [s.frames[-1][1][3] for s in (plain, rich, almost)] == [1, 4, 1]


async def test_the_same_id_takes_the_place_of_the_older_socket(clients: Clients) -> None:
    older = clients.connect("me")
    newer = clients.connect("me")
    clients.hub.send("progress", {}, client_id="me")
    await settle()
    assert older.closed is not None
    assert b"again" in older.closed[1]
    assert [m["type"] for m in newer.texts()] == ["status", "progress"]
    assert len(clients.hub) == 1


async def test_who_connects_again_is_told_the_running_node(clients: Clients) -> None:
    clients.connect("me")
    clients.hub.send("executing", {"node": "5", "prompt_id": "p"}, client_id="me")
    again, other = clients.connect("me"), clients.connect("other")
    await settle()
    assert again.texts("executing") == [{"node": "5"}]
    assert other.texts("executing") == []
    clients.hub.send("executing", {"node": None, "prompt_id": "p"}, client_id="me")
    later = clients.connect("me")
    await settle()
    assert later.texts("executing") == []


async def test_the_running_node_is_known_though_nobody_listened(clients: Clients) -> None:
    clients.hub.send("executing", {"node": "5", "prompt_id": "p"}, client_id="me")
    socket = clients.connect("me")
    await settle()
    assert socket.texts("executing") == [{"node": "5"}]


# --- slow clients --------------------------------------------------------------------------------


async def test_a_quiet_socket_is_pinged_and_nobody_has_to_answer(
    monkeypatch: pytest.MonkeyPatch, clients: Clients
) -> None:
    monkeypatch.setattr(connections, "PING_S", 0.01)
    socket = clients.connect("silent")
    pings = [(WSMsgType.PING, b"")] * 3
    async with asyncio.timeout(30):
        while socket.frames[-3:] != pings:
            await asyncio.sleep(0.005)
    assert socket.closed is None
    assert clients.hub.client_connected("silent")


async def test_a_client_that_does_not_read_is_dropped_and_costs_the_others_nothing(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "QUEUE_FRAMES", 10)
    monkeypatch.setattr(connections, "_CLOSE_S", 0.01)
    slow, quick = clients.connect("slow", blocked=True), clients.connect("quick")
    for number in range(30):
        clients.hub.send("progress", {"value": number}, client_id=None)
        await settle()
    assert [data["value"] for data in quick.texts("progress")] == list(range(30))
    await asyncio.sleep(0.03)
    assert slow.aborted


async def test_a_queue_is_bounded_in_bytes(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "QUEUE_BYTES", 1000)
    socket = clients.connect("me")
    clients.hub.send("big", {"x": "x" * 2000}, client_id="me")
    await settle()
    assert socket.closed is not None
    assert b"fast enough" in socket.closed[1]


async def test_results_all_arrive_in_order_among_previews(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "QUEUE_BYTES", 1000)  # not theirs
    socket = clients.connect("me")
    meta = {"prompt_id": "p", "node_id": "1"}
    for number in range(5):
        picture = bytes([number]) * 900
        clients.hub.preview("image/png", picture, meta, client_id="me", is_result=True)
        clients.hub.preview("image/jpeg", b"glance", meta, client_id="me")
    clients.hub.send("executing", {"node": "2", "prompt_id": "p"}, client_id="me")
    await settle()
    images = [body[8:] for opcode, body in socket.frames if opcode is WSMsgType.BINARY]
    assert images == [*(bytes([number]) * 900 for number in range(5)), b"glance"]
    assert [m["type"] for m in socket.texts()] == ["status", "executing"]


async def test_waiting_results_are_bounded_too(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RESULT_BYTES", 1000)
    socket = clients.connect("me")
    clients.hub.preview("image/png", bytes(2000), {}, client_id="me", is_result=True)
    await settle()
    assert socket.closed is not None
    assert b"fast enough" in socket.closed[1]


async def test_of_waiting_previews_only_the_newest_is_sent(clients: Clients) -> None:
    socket = clients.connect("me")
    for number in range(100):
        meta = {"prompt_id": "p", "node_id": "1"}
        clients.hub.preview("image/png", bytes([number]), meta, client_id="me")
    clients.hub.preview("image/png", b"other", {"prompt_id": "p", "node_id": "2"}, client_id="me")
    await settle()
    images = [body[8:] for opcode, body in socket.frames if opcode is WSMsgType.BINARY]
    assert images == [bytes([99]), b"other"]
