"""Disks are full or read-only, databases damaged; the server says so and lives on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.outcomes import fails_to_start, messages, succeeded
from tests.e2e.server_process import ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.txt"\r\n\r\na\r\n--x--\r\n'
)
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


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


def worker_state(server: ServerProcess) -> object:
    (worker,) = server.get("/api/tessera/workers").json()
    return worker["state"]


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(8 << 20))
    return filler


def test_a_full_disk_is_named_and_the_queue_lives_through_it(small_disk: Path) -> None:
    with served(small_disk) as server:
        with server.held():
            running = server.queue(picture_prompt(("E2EHold", "")))
            server.until(lambda: "halfway" in server.runs())
            filler = fill(small_disk)
            refused = server.call("POST", "/prompt", {"prompt": picture_prompt(color=2)})
            assert refused.status == 503
            assert "full" in refused.json()["error"]["message"]
            assert server.call("POST", "/userdata/a", bytes(100_000)).status == 507
            assert server.get("/history").status == server.get("/queue").status == 200
        server.until(lambda: worker_state(server) == "idle")  # it ended, and nothing can be written
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
