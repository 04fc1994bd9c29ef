"""Starting the server from the command line."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli import serve
from engine.cli.arguments import parse_arguments
from engine.cli.compose import settings_from
from engine.cli.serve import DATABASE, serve_command, server_settings_from
from engine.errors import InvalidValueError
from engine.jobs.store import JobStore
from engine.models.folders import ModelFolders
from engine.settings import ServerSettings


def settings(*argv: str) -> ServerSettings:
    return server_settings_from(parse_arguments(["serve", *argv]))


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        ([], "serve"),
        (["--port", "1"], "serve"),
        (["--no-bootstrap"], "serve"),
        (["--no-bootstrap", "--cpu"], "serve"),
        (["--cpu", "--no-bootstrap"], "serve"),
        (["serve", "--cpu"], "serve"),
        (["run", "a.json"], "run"),
        (["--no-bootstrap", "nodes"], "nodes"),
    ],
)
def test_without_a_command_the_server_is_meant(argv: list[str], command: str) -> None:
    arguments = parse_arguments(argv)
    assert arguments.command == command
    assert arguments.no_bootstrap is ("--no-bootstrap" in argv)


def test_help_is_that_of_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    assert "main.py serve --help" in capsys.readouterr().out


def test_the_flags_artists_know_are_understood(tmp_path: Path) -> None:
    arguments = parse_arguments(
        [
            *("--listen", "127.0.0.1", "--port", "9000", "--base-directory", str(tmp_path)),
            *("--output-directory", "o", "--input-directory", "i", "--temp-directory", "t"),
            *("--user-directory", "u", "--extra-model-paths-config", "a.yaml", "b.yaml"),
            *("--cpu", "--preview-method", "latent2rgb", "--max-upload-size", "50"),
            *("--enable-cors-header", "https://app.example", "--front-end-root", str(tmp_path)),
            *("--disable-all-custom-nodes", "--whitelist-custom-nodes", "p", "--multi-user"),
            *("--disable-metadata", "--quick-test-for-ci", "--verbose", "--disable-auto-launch"),
        ]
    )
    engine, server = settings_from(arguments), server_settings_from(arguments)
    assert engine.base == tmp_path
    assert engine.device == "cpu"
    assert engine.preview_method == "latent2rgb"
    assert engine.extra_model_paths == (Path("a.yaml"), Path("b.yaml"))
    assert not engine.embed_metadata
    assert not engine.packs
    assert engine.pack_allow_list == {"p"}
    assert server.port == 9000
    assert server.max_upload_bytes == 50 << 20
    assert server.cors_origin == "https://app.example"
    assert server.web_root == tmp_path
    assert server.multi_user
    assert server.token is None
    assert arguments.verbose == "DEBUG"


def test_by_default_only_this_machine_reaches_the_server() -> None:
    found = settings()
    assert (found.hosts, found.port, found.token) == (("127.0.0.1",), 8188, None)


def test_for_others_a_token_is_made_each_time() -> None:
    first, second = settings("--listen"), settings("--listen", "0.0.0.0")
    assert first.hosts == ("0.0.0.0", "::")
    assert first.token is not None
    assert second.token is not None
    assert len(first.token) >= 32
    assert first.token != second.token


def test_pages_of_every_origin_need_the_token() -> None:
    assert settings("--enable-cors-header").token is not None
    assert settings("--enable-cors-header", "https://app.example").token is None


def test_a_chosen_token_is_used_even_on_this_machine() -> None:
    assert settings("--token", "long-enough-token").token == "long-enough-token"


@pytest.mark.parametrize(
    "argv",
    [
        ["--listen", "--token", ""],
        ["--listen", "--token", "short"],
        ["--token", "with\nline break in it"],
        ["--tls-keyfile", "key.pem"],
        ["--tls-certfile", "cert.pem"],
        ["--max-upload-size", "0"],
        ["--max-upload-size", "nan"],
    ],
)
def test_unusable_values_are_refused_with_the_flags_name(argv: list[str]) -> None:
    with pytest.raises(InvalidValueError, match="--"):
        settings(*argv)


def test_a_refused_token_is_not_printed() -> None:
    with pytest.raises(InvalidValueError) as caught:
        settings("--token", "hunter2")
    assert "hunter2" not in str(caught.value)


def test_the_token_is_not_told_to_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "long-enough-token"
    for argv in (["--token", token], [f"--token={token}"]):
        monkeypatch.setattr(sys, "argv", ["main.py", *argv, "--cpu"])
        assert token not in " ".join(settings(*argv).arguments)
        assert "--cpu" in settings(*argv).arguments


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def run(base: Path, *argv: str) -> int:
    return serve_command(
        parse_arguments(["serve", "--no-browser", "--cpu", "--base-directory", str(base), *argv])
    )


def test_a_second_server_on_a_port_is_told_so(
    tmp_path: Path, busy_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--port", str(busy_port)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"port {busy_port}" in line
    assert "--port" in line


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_cannot_be_is_refused(
    tmp_path: Path, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--port", port) == 1
    assert port in capsys.readouterr().err


def test_a_second_server_on_a_database_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "user").mkdir()
    store = JobStore(tmp_path / "user" / DATABASE)
    try:
        assert run(tmp_path, "--port", "0") == 1
    finally:
        store.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert DATABASE in line


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").write_text("a file")
    assert run(tmp_path, "--port", "0") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--output-directory" in line


def test_the_folders_where_the_editor_looks_are_there_from_the_start(
    tmp_path: Path, busy_port: int
) -> None:
    run(tmp_path, "--port", str(busy_port))
    made = {path.name for path in (tmp_path / "user" / "default").iterdir()}
    assert made == {"workflows", "autocomplete", "wildcards"}


def test_what_killed_processes_and_old_previews_left_is_removed_while_the_server_starts(
    tmp_path: Path,
) -> None:
    folders = ModelFolders(tmp_path)
    left = [f"{kind}/.{'0' * 32}.part" for kind in ("input", "output", "temp", "user/cache")]
    old = "temp/ComfyUI_temp_abcde_00001_.png"
    kept = ["temp/ComfyUI_temp_abcde_00002_.png", "temp/old.png", "output/a.png"]
    for name in (*left, old, *kept):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in (old, "temp/old.png"):
        os.utime(tmp_path / name, (0, 0))
    asyncio.run(serve._tidy(folders))
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert there == set(kept)


def test_a_certificate_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate")
    files = (
        "--tls-certfile",
        str(tmp_path / "cert.pem"),
        "--tls-keyfile",
        str(tmp_path / "key.pem"),
    )
    assert run(tmp_path, "--port", "0", *files) == 1
    assert "cert.pem" in capsys.readouterr().err


def test_a_damaged_database_is_kept_and_the_artist_told(
    tmp_path: Path, busy_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / DATABASE).write_bytes(b"no database" * 1000)
    run(tmp_path, "--port", str(busy_port))
    assert "damaged" in capsys.readouterr().err
    kept = list((tmp_path / "user").glob(f"{DATABASE}.damaged-*"))
    assert [path.read_bytes()[:11] for path in kept] == [b"no database"]


@pytest.mark.parametrize(
    ("changes", "host", "url"),
    [
        ({}, "127.0.0.1", "http://127.0.0.1:1/"),
        ({"token": "t"}, "0.0.0.0", "http://127.0.0.1:1/?token=t"),
        ({"token": "t"}, "::", "http://[::1]:1/?token=t"),
        ({"tls_certificate": Path("c")}, "::1", "https://[::1]:1/"),
    ],
)
def test_the_printed_address_can_be_opened(changes: dict[str, Any], host: str, url: str) -> None:
    shown = ServerSettings(**{"web_root": Path(), **changes})
    assert serve._url(shown, host, 1) == url
