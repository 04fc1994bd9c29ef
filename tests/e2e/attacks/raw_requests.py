"""Requests as they are written, which a client library would refuse to send."""

from __future__ import annotations

import http.client
import socket
import struct
import zlib

from tests.e2e.server_process import PATIENCE_S, Answer, ServerProcess

SECRET = b"the secret of the machine"
MARKUP = "<img src=x onerror=alert(1)>\"'.safetensors"
FORM = "Content-Type: multipart/form-data; boundary=XX"


def png(width: int, height: int, *texts: tuple[bytes, bytes], kind: int = 6) -> bytes:
    """Return a small PNG file that claims a size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    rows = zlib.compress(b"\0" * min(1 << 16, (4 * width + 1) * height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + b"".join(chunk(b"zTXt", key + b"\0\0" + zlib.compress(text)) for key, text in texts)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def send(server: ServerProcess, *parts: bytes) -> bytes:
    """Send bytes as they are; return all that comes back until the server closes."""
    got = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(1 << 16):
                got += chunk
        except (ConnectionError, TimeoutError):
            pass  # refused in the middle: what came before counts
    return got


def first_answer(server: ServerProcess, raw: bytes) -> Answer:
    """Send bytes as they are; return the first answer, whether or not more is waited for."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(raw)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return Answer(response.status, response.read(), dict(response.headers))


def ask(
    server: ServerProcess,
    target: str | bytes,
    *headers: str,
    method: str = "GET",
    body: bytes = b"",
    host: str | None = "127.0.0.1",
) -> Answer:
    """Send one request with the target and headers as written."""
    raw = target if isinstance(target, bytes) else target.encode()
    lines = [f"{method} ".encode() + raw + b" HTTP/1.1", b"Connection: close"]
    lines += [] if host is None else [b"Host: " + host.encode()]
    lines += [header.encode("latin-1") for header in headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return parsed(send(server, b"\r\n".join(lines) + b"\r\n\r\n" + body))


def parsed(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    status = int(first.split(" ")[1]) if first.startswith("HTTP/") else 0
    return Answer(status, body, {name.lower(): value.strip() for name, _, value in pairs})


def upload(
    name: bytes, content: bytes, *fields: tuple[str, str], closing: bytes = b"--\r\n"
) -> bytes:
    """Return a multipart body whose file name is written as it is."""
    parts = [
        b'--XX\r\nContent-Disposition: form-data; name="image"; filename="'
        + name
        + b'"\r\nContent-Type: image/png\r\n\r\n'
        + content
        + b"\r\n"
    ]
    for key, value in fields:
        head = f'--XX\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        parts.append(head.encode())
    return b"".join(parts) + b"--XX" + closing
