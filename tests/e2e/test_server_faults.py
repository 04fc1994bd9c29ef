"""What breaks around a server: processes die, disks fill, packs misbehave; the queue stays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.server_process import ROOT, ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.txt"\r\n\r\na\r\n--x--\r\n'
)
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for the faults it must live through."""
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


def succeeded(entry: dict[str, object]) -> bool:
    status = entry["status"]
    assert isinstance(status, dict)
    return status["status_str"] == "success" and bool(status["completed"])


def messages(entry: dict[str, object], kind: str) -> list[dict[str, object]]:
    status = entry["status"]
    assert isinstance(status, dict)
    return [data for found, data in status["messages"] if found == kind]


def pictures(server: ServerProcess) -> list[str]:
    return sorted(path.name for path in (server.base / "output").iterdir())


# --- processes that die -------------------------------------------------------------------------


def test_a_job_whose_worker_is_killed_finishes_on_the_next_one(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        job = server.queue(picture_prompt(("E2ECount", "once"), ("E2ESlow", "2")))
        after = server.queue(picture_prompt(("E2ECount", "later"), color=7))
        server.until(lambda: "halfway" in server.runs())
        first = server.worker_pid()
        os.kill(first, signal.SIGKILL)
        entry = server.entry(job)
        assert succeeded(entry)
        assert server.worker_pid() != first
        assert succeeded(server.entry(after))
        assert server.runs().count("once") == 1, "a finished node is not run twice"
        assert server.runs().count("slow") == 2
        assert len(pictures(server)) == 2
        assert len(entry["outputs"]["9"]["images"]) == 1
        assert server.get("/queue").json() == {"queue_running": [], "queue_pending": []}


def test_a_killed_server_comes_back_with_queue_history_and_the_running_job(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as server:
        done = server.queue(picture_prompt(color=1))
        server.entry(done)
        history = server.get("/history").body
        running = server.queue(
            picture_prompt(("E2ECount", "once"), ("E2ESlow", "2")), client_id="me"
        )
        waiting = [server.queue(picture_prompt(color=color)) for color in range(2, 5)]
        front = server.queue(picture_prompt(color=9), front=True)
        server.until(lambda: "halfway" in server.runs())
        server.kill()

        server.start()
        assert server.get("/history").body == history
        queue = server.get("/queue").json()
        order = [item[1] for item in queue["queue_running"] + queue["queue_pending"]]
        assert sorted(order) == sorted([running, front, *waiting])
        assert [i for i in order if i in waiting] == waiting
        for job in (running, front, *waiting):
            assert succeeded(server.entry(job))
        assert server.runs().count("once") == 1, "a finished node is not run twice"
        finished = list(server.get("/history").json())
        assert sorted(finished) == sorted([done, running, front, *waiting])
        assert len(pictures(server)) == 6
        assert server.stop() == 0


def test_a_half_written_picture_of_a_killed_worker_is_removed_at_the_next_start(
    tmp_path: Path,
) -> None:
    kill_once = {"TESSERA_KILL_AT": "file-write", "TESSERA_KILL_ONCE": str(tmp_path / "token")}
    with served(tmp_path, environment=kill_once) as server:
        assert succeeded(server.entry(server.queue(picture_prompt(prefix="sub/e2e"))))
        assert len(list((tmp_path / "output/sub").glob(".*.part"))) == 1, "of the killed worker"
        server.kill()
        server.start()
        server.until(lambda: not list((tmp_path / "output/sub").glob(".*.part")))
        assert len(list((tmp_path / "output/sub").glob("e2e_*.png"))) == 1


def test_a_job_that_kills_its_worker_twice_is_given_up_with_the_reason(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        job = server.queue(picture_prompt(("E2EDie", "")))
        good = server.queue(picture_prompt())
        entry = server.entry(job)
        assert entry["status"]["status_str"] == "error"
        (error,) = messages(entry, "execution_error")
        assert "worker" in str(error["exception_message"])
        assert error["node_id"] == "2"
        assert server.runs() == ["die", "die"]
        assert succeeded(server.entry(good))


def test_the_worker_ends_with_its_server(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.entry(server.queue(picture_prompt()))
        worker = psutil.Process(server.worker_pid())
        assert server.stop() == 0
        assert not worker.is_running()
        assert "Traceback" not in server.log


# --- a second server ----------------------------------------------------------------------------


def fails_to_start(server: ServerProcess) -> str:
    """Start a server that must not come up; return what it printed."""
    done = subprocess.run(
        server.command(), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed
    return printed


def test_a_second_server_on_the_port_or_the_database_says_so_and_harms_nothing(
    tmp_path: Path,
) -> None:
    with served(tmp_path / "first") as server:
        (tmp_path / "second").mkdir()
        same_port = ServerProcess(tmp_path / "second", port=server.port)
        assert f"port {server.port}" in fails_to_start(same_port)
        same_database = ServerProcess(tmp_path / "first", port=1)
        assert "another server" in fails_to_start(same_database)
        assert succeeded(server.entry(server.queue(picture_prompt())))
        assert not list((tmp_path / "first/user").glob("*damaged*"))


# --- disks --------------------------------------------------------------------------------------


@pytest.fixture
def as_anybody() -> tuple[str, ...]:
    """Return how to start a program that may not write everywhere, as root may."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root writes everywhere, and setpriv (util-linux) is not there")
    rights = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={rights}", "--inh-caps=-all")


def test_read_only_folders_are_named_and_the_queue_lives_through_it(
    tmp_path: Path, as_anybody: tuple[str, ...]
) -> None:
    with served(tmp_path, prefix=as_anybody) as server:
        folders = [tmp_path / name for name in ("output", "input", "user/default")]
        for folder in folders:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o500)
        try:
            _assert_not_written(server)
            for path in ("/userdata/a", "/settings/a"):
                refused = server.call("POST", path, b"1")
                assert refused.status == 507
                assert "may not" in refused.json()["error"]["message"]
            assert server.call("POST", "/upload/image", FORM, MULTIPART).status == 507
        finally:
            for folder in folders:
                folder.chmod(0o700)
        assert succeeded(server.entry(server.queue(picture_prompt())))
        assert server.call("POST", "/userdata/a", b"1").status == 200


def test_a_read_only_user_folder_ends_the_start_with_a_sentence(
    tmp_path: Path, as_anybody: tuple[str, ...]
) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user").chmod(0o500)
    try:
        printed = fails_to_start(ServerProcess(tmp_path, port=1, prefix=as_anybody))
    finally:
        (tmp_path / "user").chmod(0o700)
    assert str(tmp_path / "user") in printed
    assert "--user-directory" in printed


def _assert_not_written(server: ServerProcess) -> None:
    entry = server.entry(server.queue(picture_prompt()))
    assert entry["status"]["status_str"] == "error"
    (error,) = messages(entry, "execution_error")
    assert "output" in str(error["exception_message"])
    assert error["node_type"] == "SaveImage"


def test_an_output_folder_that_is_a_file_fails_the_job_with_the_reason(
    server: ServerProcess,
) -> None:
    output, aside = server.base / "output", server.base / "aside"
    output.rename(aside)
    output.write_bytes(b"")
    try:
        _assert_not_written(server)
    finally:
        output.unlink()
        aside.rename(output)
    assert succeeded(server.entry(server.queue(picture_prompt())))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(8 << 20))
    return filler


def test_a_full_disk_is_named_and_the_queue_lives_through_it(small_disk: Path) -> None:
    with served(small_disk) as server:
        running = server.queue(picture_prompt(("E2ESlow", "2")))
        server.until(lambda: "halfway" in server.runs())
        filler = fill(small_disk)
        refused = server.call("POST", "/prompt", {"prompt": picture_prompt(color=2)})
        assert refused.status == 503
        assert "full" in refused.json()["error"]["message"]
        assert server.call("POST", "/userdata/a", bytes(100_000)).status == 507
        assert server.get("/history").status == server.get("/queue").status == 200
        time.sleep(2)  # the job ends while nothing can be written
        filler.unlink()
        entry = server.entry(running)
        assert succeeded(entry) or messages(entry, "execution_error")
        assert succeeded(server.entry(server.queue(picture_prompt(color=3))))
        assert not list((small_disk / "output").glob(".*")), "no half file stays"


def test_a_damaged_database_is_kept_aside_and_the_server_starts(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.entry(server.queue(picture_prompt()))
        assert server.stop() == 0
        database = tmp_path / "user/tessera.sqlite3"
        damaged = b"this is no database" * 1000
        database.write_bytes(damaged)
        server.start()
        (aside,) = (tmp_path / "user").glob("tessera.sqlite3.damaged-*")
        assert aside.read_bytes() == damaged
        assert str(aside) in server.log
        assert server.get("/history").json() == {}
        assert succeeded(server.entry(server.queue(picture_prompt())))


def test_a_database_with_a_damaged_page_is_kept_aside(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        for color in range(3):
            server.entry(server.queue(picture_prompt(color=color)))
        assert server.stop() == 0
        database = tmp_path / "user/tessera.sqlite3"
        pages = bytearray(database.read_bytes())
        pages[4096:12288] = os.urandom(8192)
        database.write_bytes(pages)
        server.start()
        assert list((tmp_path / "user").glob("tessera.sqlite3.damaged-*"))
        assert succeeded(server.entry(server.queue(picture_prompt())))


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    database = tmp_path / "user/tessera.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    before = database.read_bytes()
    server = ServerProcess(tmp_path, port=1)
    assert "newer version" in fails_to_start(server)
    assert database.read_bytes()[:16] == before[:16]
    assert not list((tmp_path / "user").glob("*damaged*"))


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
