"""Packs exit, shout and block, clients do not read; the queue goes on."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.outcomes import messages, succeeded
from tests.e2e.server_process import ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


# --- packs --------------------------------------------------------------------------------------


def test_packs_that_exit_shout_or_patch_leave_the_server_and_other_packs_working(
    tmp_path: Path,
) -> None:
    packs = ("e2e_nodes", "exits_at_import", "loud_at_import", "patches_globals")
    with served(tmp_path, packs=packs) as server:
        assert succeeded(server.entry(server.queue(picture_prompt(("E2ECount", "here")))))
        reports = {pack["name"]: pack for pack in server.get("/api/tessera/packs").json()}
        assert "gives up" in reports["exits_at_import"]["error"]
        assert reports["e2e_nodes"]["error"] is None
        assert "E2ECount" in reports["e2e_nodes"]["node_types"]
        assert server.get("/object_info").status == 200


def test_nodes_that_exit_or_shout_end_alone(server: ServerProcess) -> None:
    worker = server.worker_pid()
    leaving = server.entry(server.queue(picture_prompt(("E2EExit", "goodbye"))))
    assert leaving["status"]["status_str"] == "error"
    (error,) = messages(leaving, "execution_error")
    assert "goodbye" in str(error["exception_message"])
    assert succeeded(server.entry(server.queue(picture_prompt(("E2ELoud", "")))))
    assert succeeded(server.entry(server.queue(picture_prompt(color=3))))
    assert server.worker_pid() == worker, "the worker survived both"
    logs = server.get("/internal/logs/raw").json()
    assert len(logs["entries"]) <= 300


def test_a_node_that_blocks_can_be_got_rid_of(tmp_path: Path) -> None:
    """The worker is ended when a node does not obey; the queue goes on."""
    with served(tmp_path) as server:
        blocked = server.queue(picture_prompt(("E2EBlock", "")))
        waiting = server.queue(picture_prompt())
        server.until(lambda: "block" in server.runs())
        assert server.call("POST", "/interrupt", {"prompt_id": "another"}).status == 200
        assert server.call("POST", "/interrupt").status == 200
        os.kill(server.worker_pid(), signal.SIGKILL)  # what the watchdog does after its patience
        entry = server.entry(blocked)
        assert entry["status"]["status_str"] == "error"
        assert messages(entry, "execution_interrupted")
        assert succeeded(server.entry(waiting))
        assert server.runs().count("block") == 1, "an interrupted job is not begun again"


# --- clients ------------------------------------------------------------------------------------


@contextmanager
def deaf_client(server: ServerProcess) -> Iterator[None]:
    """Be a client with the id "deaf" that opens a WebSocket and never reads from it."""
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(
            b"GET /ws?clientId=deaf HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        yield


def sockets_dropped(server: ServerProcess) -> int:
    found = re.search(rb"^tessera_websockets_dropped ([0-9]+)", server.get("/metrics").body, re.M)
    assert found is not None
    return int(found[1])


def test_a_client_that_never_reads_slows_no_job_and_fills_no_memory(
    server: ServerProcess,
) -> None:
    with deaf_client(server):
        server.entry(server.queue(picture_prompt(("E2ESlow", "0.1")), client_id="deaf"))
        before = psutil.Process(server.pid).memory_info().rss
        jobs = [
            server.queue(picture_prompt(("E2ESlow", f"0.{n}1")), client_id="deaf")
            for n in range(10, 30)
        ]
        for job in jobs:
            assert succeeded(server.entry(job))
        assert psutil.Process(server.pid).memory_info().rss - before < 40 << 20
        assert server.get("/queue").json() == {"queue_running": [], "queue_pending": []}


def test_a_client_that_never_reads_is_dropped_with_the_reason_and_its_jobs_go_on(
    server: ServerProcess,
) -> None:
    before = sockets_dropped(server)
    with deaf_client(server):
        loud = server.queue(picture_prompt(("E2EShout", "90"), color=31), client_id="deaf")
        assert succeeded(server.entry(loud))
        server.until(lambda: sockets_dropped(server) > before)
    assert "Client 'deaf' was dropped: The client does not read its messages" in server.log
    after = server.queue(picture_prompt(color=32), client_id="deaf")
    assert succeeded(server.entry(after))
