"""Attacks on a running server: other hosts, other origins, proxies."""

from __future__ import annotations

import json

import pytest

from tests.e2e.attacks.raw_requests import ask
from tests.e2e.server_process import ServerProcess, picture_prompt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:{port}",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ),
        *("evil.example#127.0.0.1", "evil.example/127.0.0.1", "evil.example\\127.0.0.1"),
        *("127.0.0.1@evil.example", "evil.example@127.0.0.1", "user:p@localhost", "localhost,evil"),
        *("[::1].evil.example", "[evil.example]", "[::1", "::1", "0.0.0.0", "169.254.169.254", ""),
        *("127.0.0.1:x", "127.0.0.1:99999999", "localhost:1:2", "2130706433", "0x7f000001"),
        *("[::ffff:10.0.0.1]", "localhost..evil", "x.localhost", "127.0.0.1%00.evil.example"),
    ],
)
def test_dns_rebinding_by_any_spelling_of_the_host(server: ServerProcess, host: str) -> None:
    written = host.replace("{port}", str(server.port))
    for method, target in (("GET", "/history"), ("GET", "/ws"), ("POST", "/interrupt")):
        answer = ask(server, target, method=method, host=written)
        assert answer.status in (400, 403), (method, target)
        assert b"prompt" not in answer.body


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:{port}", "localhost", "LOCALHOST:{port}", "localhost.:{port}"),
        *("[::1]", "[::1]:{port}", "127.0.0.2", "LocalHost.", "[0:0:0:0:0:0:0:1]:80"),
    ],
)
def test_every_name_of_this_machine_works(server: ServerProcess, host: str) -> None:
    assert ask(server, "/prompt", host=host.replace("{port}", str(server.port))).status == 200


def test_a_request_without_or_with_two_hosts_is_refused(server: ServerProcess) -> None:
    assert ask(server, "/history", host=None).status in (400, 403)
    two = ask(server, "/history", "Host: evil.example")
    assert two.status in (400, 403)
    two = ask(server, "/history", "Host: 127.0.0.1", host="evil.example")
    assert two.status in (400, 403)


@pytest.mark.parametrize(
    "target",
    [
        *("http://evil.example/history", "http://evil.example:{port}/history", "//evil.example/x"),
        *("http://127.0.0.1@evil.example/history", "HTTP://EVIL.EXAMPLE/history"),
        *("ws://evil.example/ws", "file:///etc/passwd", "http://evil.example/etc/passwd"),
        *("http:/etc/passwd", "evil.example:80", "*", "?", "history", "\\history", "http://[::1"),
    ],
)
def test_absolute_targets_do_not_replace_the_checks(server: ServerProcess, target: str) -> None:
    written = target.replace("{port}", str(server.port))
    answer = ask(server, written, host="evil.example")
    assert answer.status in (400, 403)
    own = ask(server, written)
    assert own.status < 500
    assert b"root:" not in own.body
    connect = ask(server, written, method="CONNECT")
    assert connect.status in (400, 403, 404, 405)


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: https://evil.example",),
        ("Origin: null",),
        ("Origin: NULL",),
        ("Origin: ",),
        ("Origin: http://127.0.0.1.evil.example:{port}",),
        ("Origin: http://127.0.0.1:{port}@evil.example",),
        ("Origin: http://127.0.0.1:{port}/x",),
        ("Origin: http://127.0.0.1:{port} https://evil.example",),
        ("Origin: http://127.0.0.1:{port}", "Origin: https://evil.example"),
        ("Origin: http://127.0.0.1:1",),
        ("Origin: http://localhost:{port}",),  # another origin than 127.0.0.1
        ("Origin: file://",),
        ("Origin: javascript:alert(1)",),
        ("Origin: chrome-extension://abcdef",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: CROSS-SITE",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
        ("Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"),
    ],
)
def test_cve_2024_10481_and_origin_null_no_page_of_others_does_anything(
    server: ServerProcess, headers: tuple[str, ...]
) -> None:
    written = [header.replace("{port}", str(server.port)) for header in headers]
    host = f"127.0.0.1:{server.port}"
    body = json.dumps({"prompt": picture_prompt(color=99)}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        answer = ask(
            server,
            "/prompt",
            f"Content-Type: {kind}",
            *written,
            method="POST",
            body=body,
            host=host,
        )
        assert answer.status == 403
    for method, target in (
        *(("POST", "/api/interrupt"), ("POST", "/queue"), ("POST", "/free"), ("GET", "/history")),
        *(("DELETE", "/userdata/a"), ("PATCH", "/internal/logs/subscribe"), ("POST", "/users")),
    ):
        assert ask(server, target, *written, method=method, host=host).status == 403
    socket_headers = ("Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    assert ask(server, "/ws", *socket_headers, key, *written, host=host).status == 403


def test_the_editors_own_pages_may(server: ServerProcess) -> None:
    host = f"127.0.0.1:{server.port}"
    for headers in (
        (f"Origin: http://{host}", "Sec-Fetch-Site: same-origin"),
        ("Sec-Fetch-Site: none",),
        (),
    ):
        assert ask(server, "/interrupt", *headers, method="POST", host=host).status == 200


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override: DELETE", "X-Forwarded-Host: evil"])
def test_headers_of_proxies_change_nothing(server: ServerProcess, header: str) -> None:
    assert ask(server, "/prompt", header).status == 200
    forwarded = ask(server, "/prompt", "X-Forwarded-Host: 127.0.0.1", host="evil.example")
    assert forwarded.status == 403
