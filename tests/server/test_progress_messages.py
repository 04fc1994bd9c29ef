"""The states of a run's nodes: all of them, or what changed, for who asked for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine.server.ws.hub import Hub
from tests.server.hub_clients import Clients, settle


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


async def test_who_connects_again_is_told_of_nodes_that_change_no_more(clients: Clients) -> None:
    nodes = {"1": {"state": "finished"}, "2": {"state": "running"}}
    clients.hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
    await asyncio.sleep(0.06)
    again, other = (clients.connect(sid, supports_progress_delta=True) for sid in ("me", "other"))
    await asyncio.sleep(0.06)
    assert again.texts("progress_state") == [{"prompt_id": "p", "nodes": nodes}]
    assert other.texts("progress_state") == []


async def test_the_last_state_comes_before_the_end(clients: Clients) -> None:
    socket = clients.connect("me")
    nodes = {"1": {"state": "finished"}}
    clients.hub.send("progress_state", {"prompt_id": "p", "nodes": nodes}, client_id="me")
    clients.hub.send("execution_success", {"prompt_id": "p"}, client_id="me")
    await settle()
    assert [m["type"] for m in socket.texts()] == ["status", "progress_state", "execution_success"]
