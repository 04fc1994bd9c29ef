"""Messages to clients: frames, hub, connections, the handshake."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from engine.server.ws import connection as connections
from engine.server.ws import messages
from engine.server.ws.connection import Connection
from engine.server.ws.hub import Hub
from tests.server.server_host import Host, show, wait


class ListSocket:
    """A socket that keeps what is written; `blocked` never takes anything."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.frames: list[tuple[WSMsgType, bytes]] = []
        self.closed: tuple[int, bytes] | None = None
        self.aborted = False
        self._blocked = blocked

    async def send_frame(self, message: bytes, opcode: WSMsgType) -> None:
        if self._blocked:
            await asyncio.Event().wait()
        self.frames.append((opcode, message))

    async def close(self, *, code: int, message: bytes) -> bool:
        if self._blocked:
            await asyncio.Event().wait()
        self.closed = (code, message)
        return True

    def abort(self) -> None:
        self.aborted = True

    def texts(self, kind: str | None = None) -> list[Any]:
        """Return the data of the messages of a kind, or all messages."""
        found = [json.loads(body) for opcode, body in self.frames if opcode is WSMsgType.TEXT]
        return found if kind is None else [m["data"] for m in found if m["type"] == kind]


class Clients:
    """Connects clients to a hub without a network."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._open: list[Connection] = []

    def connect(self, sid: str, *, blocked: bool = False, **flags: Any) -> ListSocket:
        socket = ListSocket(blocked=blocked)
        connection = Connection(sid, socket, socket.abort)
        connection.flags = flags
        self._open.append(connection)
        self.hub.connect(connection, queue_remaining=0)
        return socket

    async def close(self) -> None:
        for connection in self._open:
            self.hub.disconnect(connection)
            await connection.finish()


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients(Hub())
    yield made
    await made.close()


async def settle() -> None:
    """Let the writers write."""
    for _ in range(5):
        await asyncio.sleep(0)


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


async def test_of_waiting_previews_only_the_newest_is_sent(clients: Clients) -> None:
    socket = clients.connect("me")
    for number in range(100):
        meta = {"prompt_id": "p", "node_id": "1"}
        clients.hub.preview("image/png", bytes([number]), meta, client_id="me")
    clients.hub.preview("image/png", b"other", {"prompt_id": "p", "node_id": "2"}, client_id="me")
    await settle()
    images = [body[8:] for opcode, body in socket.frames if opcode is WSMsgType.BINARY]
    assert images == [bytes([99]), b"other"]


# --- progress ------------------------------------------------------------------------------------


def chain(length: int) -> Iterator[dict[str, Any]]:
    """Yield the states a chain of nodes goes through, as the workers send them: what changed."""
    for number in range(length):
        for state, value in (("running", 0), ("finished", 1)):
            node = str(number)
            yield {
                node: {
                    "value": value,
                    "max": 1,
                    "state": state,
                    "node_id": node,
                    "prompt_id": "p",
                    "display_node_id": node,
                    "parent_node_id": None,
                    "real_node_id": node,
                }
            }


async def run_chain(hub: Hub, length: int) -> None:
    for nodes in chain(length):
        hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
        await asyncio.sleep(0.001)
    hub.send("execution_success", {"prompt_id": "p"}, client_id="me")
    await settle()


@pytest.mark.parametrize("flags", [{}, {"supports_progress_delta": True}])
async def test_a_chain_of_400_nodes_stays_within_half_a_megabyte(
    clients: Clients, flags: dict[str, Any]
) -> None:
    socket = clients.connect("me", **flags)
    for nodes in chain(400):
        clients.hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
        clients.hub.send("executing", {"node": next(iter(nodes)), "prompt_id": "p"}, client_id="me")
    await asyncio.sleep(0.06)
    clients.hub.send("execution_success", {"prompt_id": "p"}, client_id="me")
    await settle()
    assert sum(len(body) for _, body in socket.frames) < 500_000
    assert len(socket.texts("progress_state")[-1]["nodes"]) == 400


async def test_a_client_that_takes_differences_knows_every_state_in_the_end(
    clients: Clients,
) -> None:
    socket = clients.connect("me", supports_progress_delta=True)
    await run_chain(clients.hub, 150)
    told = socket.texts("progress_state")
    assert len(told) > 2
    known: dict[str, Any] = {}
    for data in told:
        known.update(data["nodes"])
    assert len(known) == 150
    assert {state["state"] for state in known.values()} == {"finished"}
    assert sum(len(data["nodes"]) for data in told) < 400
    assert "partial" not in told[0]
    assert all(data["partial"] for data in told[1:])


async def test_other_clients_get_all_nodes_each_time(clients: Clients) -> None:
    socket = clients.connect("me")
    await run_chain(clients.hub, 150)
    sizes = [len(data["nodes"]) for data in socket.texts("progress_state")]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 150
    assert all("partial" not in data for data in socket.texts("progress_state"))


async def test_who_connects_again_first_gets_all_nodes(clients: Clients) -> None:
    clients.connect("me", supports_progress_delta=True)
    states = list(chain(4))
    for nodes in states[:-1]:
        clients.hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
    await asyncio.sleep(0.06)
    again = clients.connect("me", supports_progress_delta=True)
    clients.hub.send("progress_state", {"prompt_id": "p", "nodes": states[-1]}, client_id="me")
    await asyncio.sleep(0.06)
    (told,) = again.texts("progress_state")
    assert set(told["nodes"]) == {"0", "1", "2", "3"}


async def test_the_last_state_comes_before_the_end(clients: Clients) -> None:
    socket = clients.connect("me")
    nodes = {"1": {"state": "finished"}}
    clients.hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
    clients.hub.send("execution_success", {"prompt_id": "p"}, client_id="me")
    await settle()
    assert [m["type"] for m in socket.texts()] == ["status", "progress_state", "execution_success"]


# --- over the network ----------------------------------------------------------------------------


async def until(socket: ClientWebSocketResponse, kind: str) -> list[Any]:
    """Read messages until one of a kind; return them all."""
    found = []
    async with asyncio.timeout(5):
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
        async with asyncio.timeout(5):
            while host.services.hub.client_connected("slow"):
                host.services.hub.send("big", {"x": "x" * (1 << 20)}, client_id="slow")
                host.services.hub.send("small", {}, client_id="quick")
                assert (await quick.receive_json())["type"] == "small"
        assert host.services.hub.dropped == 1
    writer.close()
