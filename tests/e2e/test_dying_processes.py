"""Workers and servers die or meet a second one; the queue stays."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from engine.cache.codec import HEAD_BYTES, read_seconds
from tests.e2e.outcomes import fails_to_start, messages, succeeded
from tests.e2e.server_process import ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def pictures(server: ServerProcess) -> list[str]:
    return sorted(path.name for path in (server.base / "output").iterdir())


def count_is_on_disk(server: ServerProcess) -> bool:
    """Tell whether the result of a counting node, which takes 0.3 s, is written down."""
    kept = (server.base / "user" / "cache" / "results").glob("??/*")
    return any(read_seconds(path.read_bytes()[:HEAD_BYTES]) >= 0.3 for path in kept)


def test_a_job_whose_worker_is_killed_finishes_on_the_next_one(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        with server.held():
            job = server.queue(picture_prompt(("E2ECount", "once"), ("E2EHold", "")))
            after = server.queue(picture_prompt(("E2ECount", "later"), color=7))
            server.until(lambda: "halfway" in server.runs())
            server.until(lambda: count_is_on_disk(server))
            first = server.worker_pid()
            os.kill(first, signal.SIGKILL)
        entry = server.entry(job)
        assert succeeded(entry)
        assert server.worker_pid() != first
        assert succeeded(server.entry(after))
        assert server.runs().count("once") == 1, "a finished node is not run twice"
        assert server.runs().count("halfway") == 2
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
        with server.held():
            running = server.queue(
                picture_prompt(("E2ECount", "once"), ("E2EHold", "")), client_id="me"
            )
            waiting = [server.queue(picture_prompt(color=color)) for color in range(2, 5)]
            front = server.queue(picture_prompt(("E2EHold", ""), color=9), front=True)
            server.until(lambda: "halfway" in server.runs())
            server.until(lambda: count_is_on_disk(server))
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
