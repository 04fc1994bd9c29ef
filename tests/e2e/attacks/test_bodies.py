"""Attacks on a running server: bodies without end, smuggled requests, what is no HTTP."""

from __future__ import annotations

import json
import socket
import zlib

import psutil
import pytest

from tests.e2e.attacks.raw_requests import FORM, ask, first_answer, parsed, send, upload
from tests.e2e.server_process import PATIENCE_S, ServerProcess

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_bodies_over_the_limit_are_refused_before_they_are_read(server: ServerProcess) -> None:
    for target, kind in (("/prompt", "application/json"), ("/upload/image", FORM[14:])):
        head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        answer = first_answer(server, f"{head}Content-Length: 999999999999\r\n\r\nx".encode())
        assert answer.status == 413, target
        assert json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("target", ["/prompt", "/upload/image", "/upload/mask", "/userdata/big"])
def test_chunked_bodies_over_the_limit_are_cut_off(server: ServerProcess, target: str) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    kind = FORM if "upload" in target else "Content-Type: application/json"
    start = upload(b"a.bin", b"")[: -len(b"\r\n--XX--\r\n")] if "upload" in target else b'"'
    head = (
        f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{kind}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"%x\r\n" % (1 << 20) + b"a" * (1 << 20) + b"\r\n"
    raw = send(server, head, b"%x\r\n" % len(start) + start + b"\r\n", *[chunk] * 64, b"0\r\n\r\n")
    assert not raw or parsed(raw).status == 413  # empty: cut off before the answer could be read
    assert psutil.Process(server.pid).memory_info().rss - before < 30 << 20
    assert not (server.base / "user/default/big").exists()


def test_a_body_that_unpacks_to_gigabytes_is_cut_off(server: ServerProcess) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    packer = zlib.compressobj(9)
    body = b"".join([packer.compress(b" " * (1 << 20)) for _ in range(256)]) + packer.flush()
    for coding in ("deflate", "gzip", "br", "zstd"):
        for target in ("/prompt", "/userdata/bomb", "/queue"):
            answer = ask(
                server,
                target,
                "Content-Type: application/json",
                f"Content-Encoding: {coding}",
                method="POST",
                body=body,
            )
            assert answer.status in (0, 400, 413, 415), (coding, target)
    assert psutil.Process(server.pid).memory_info().rss - before < 64 << 20
    bomb = server.base / "user/default/bomb"
    assert not bomb.exists()


def test_requests_that_two_parsers_would_read_differently_are_refused(
    server: ServerProcess,
) -> None:
    smuggled = b"0\r\n\r\nGET /history HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for lines in (
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 5, 6",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        " Content-Length: 5",
    ):
        head = f"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n\r\n".encode()
        raw = send(server, head + smuggled)
        assert b"200 OK" not in raw, lines
        assert raw.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), lines


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,  # TLS to the plain port
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\xff" * 10_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_is_no_http_is_refused_quickly(server: ServerProcess, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1 << 16)
        except TimeoutError:
            raise
        except OSError:  # cut off, before or after we were done: not every kind is ConnectionError
            answer = b""
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


def test_slow_clients_do_not_keep_others_waiting(server: ServerProcess) -> None:
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    try:
        for number, connection in enumerate(held):
            connection.sendall(b"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n")
            if number % 2:
                connection.sendall(b"\r\n{")
        assert server.get("/prompt").status == 200
        assert server.call("POST", "/interrupt").status == 200
    finally:
        for connection in held:
            connection.close()
