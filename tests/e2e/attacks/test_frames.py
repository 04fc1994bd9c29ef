"""Attacks on a running server: WebSocket frames of nonsense, hundreds of sockets."""

from __future__ import annotations

import base64
import os
import socket
import struct

import psutil
import pytest

from tests.e2e.attacks.raw_requests import send
from tests.e2e.server_process import ServerProcess, picture_prompt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> bytes:
    head = bytes([opcode | (0x80 if fin else 0)])
    flag = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([flag | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", len(payload))
    return head + (b"\0\0\0\0" if masked else b"") + payload


FLAGS = b'{"type":"feature_flags","data":'


@pytest.mark.parametrize(
    "sent",
    [
        frame(1, b"\xff\xfe"),
        frame(1, b"["),
        frame(1, b"[" * 500_000),
        frame(1, FLAGS + b"[" * 100_000),
        frame(1, FLAGS + b"[]}"),
        frame(1, FLAGS + b'{"supports_preview_metadata":"yes"}}'),
        frame(1, b'{"type":1}'),
        frame(1, b"x" * (2 << 20)),
        b"".join(frame(0 if n else 1, b"x" * 1000, fin=False) for n in range(3000)),
        frame(2, os.urandom(1000)),
        frame(3, b"reserved"),
        frame(9, b"x" * 200),
        frame(1, b"plain", masked=False),
        b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0",
        b"\xf1\x80\0\0\0\0",
        frame(8, b"\x03"),
        frame(9, b"ping") * 2000,
    ],
    ids=range(17),
)
def test_frames_of_nonsense_end_one_socket_at_most(server: ServerProcess, sent: bytes) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        "GET /ws?clientId=nonsense HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()
    raw = send(server, head, sent, frame(8, b"\x03\xe8"))
    assert not raw or raw.startswith(b"HTTP/1.1 101")


def test_hundreds_of_sockets_cost_little(server: ServerProcess) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    head = (
        b"GET /ws?clientId=%d HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    held = []
    try:
        for number in range(300):
            connection = socket.create_connection(("127.0.0.1", server.port))
            held.append(connection)
            connection.sendall(head % number)
        server.entry(server.queue(picture_prompt(color=77)))
        assert psutil.Process(server.pid).memory_info().rss - before < 60 << 20
    finally:
        for connection in held:
            connection.close()
