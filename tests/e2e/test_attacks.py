"""Attacks on a running server over raw sockets: what a client library would refuse to send."""

from __future__ import annotations

import base64
import json
import os
import pickle
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from tests.e2e.server_process import Answer, ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECRET = b"the secret of the machine"
MARKUP = "<img src=x onerror=alert(1)>\"'.safetensors"


class _Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.mark}'",)


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("server")
    (base / "secret.txt").write_bytes(SECRET)
    (base / "secret.png").write_bytes(png(1, 1) + SECRET)
    for folder in ("output", "input", "temp", "user/default", "models/loras"):
        (base / folder).mkdir(parents=True)
        if folder != "models/loras":  # there links are followed: many keep models elsewhere
            (base / folder / "link.png").symlink_to(base / "secret.png")
            (base / folder / "up").symlink_to(base)
            (base / folder / "root").symlink_to("/")
    loras = base / "models" / "loras"
    (loras / "loop").symlink_to(loras)
    (base / "models/checkpoints").mkdir()
    (loras / MARKUP).write_bytes(struct.pack("<Q", 2) + b"{}")
    for name in ("bad.ckpt", "bad.safetensors", "bad.pt"):
        content = pickle.dumps(_Payload(base / "pickle_was_run"))
        (loras / name).write_bytes(content)
        (base / "models/checkpoints" / name).write_bytes(content)
    with served(base, "--max-upload-size", "2") as running:
        running.entry(running.queue(picture_prompt()))
        yield running


@pytest.fixture(autouse=True)
def still_well(server: ServerProcess) -> Iterator[None]:
    """After each attack the server answers, has failed at nothing and given nothing away."""
    start = len(server.log)
    yield
    server.until(lambda: server.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)
    printed = server.log[start:]
    assert "A request failed" not in printed
    assert "Traceback" not in printed
    assert not (server.base / "pickle_was_run").exists()


def send(server: ServerProcess, *parts: bytes, wait_s: float = 10) -> bytes:
    """Send bytes as they are; return all that comes back until the server closes."""
    got = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait_s) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(1 << 16):
                got += chunk
        except (ConnectionError, TimeoutError):
            pass  # refused in the middle: what came before counts
    return got


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


FORM = "Content-Type: multipart/form-data; boundary=XX"


# --- who asks -----------------------------------------------------------------------------------


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


# --- leaving a folder ---------------------------------------------------------------------------

CLIMBS = [
    *("../secret.png", "..%2Fsecret.png", "..%252Fsecret.png", "%2e%2e%2fsecret.png"),
    *("..\\secret.png", "..%5Csecret.png", "%2e%2e%5csecret.png", "....//secret.png"),
    *(
        "%c0%ae%c0%ae/secret.png",
        "..%c0%afsecret.png",
        "%uff0e%uff0e/secret.png",
        "／..／secret.png",
    ),
    *("up/secret.png", "up%2Fsecret.png", "link.png", "root{base}/secret.png", "{base}/secret.png"),
    *("file://{base}/secret.png", "secret.png%00.png", "..%00/secret.png", "./../secret.png"),
    *("x/../../secret.png", "..;/secret.png", "../secret.png%20[output]", "../secret.png [input]"),
    *("~/secret.png", "$PWD/../secret.png", "..%0asecret.png", "..%0d%0asecret.png"),
]


@pytest.mark.parametrize("name", CLIMBS)
def test_cve_2026_56671_and_56673_no_spelling_leads_out(server: ServerProcess, name: str) -> None:
    written = name.replace("{base}", str(server.base))
    spaced = written.replace(" ", "%20")
    targets = [f"/{spaced}", f"/extensions/{spaced}", f"/extensions/core/{spaced}"]
    for kind in ("input", "output", "temp", "user", ""):
        targets += [
            f"/view?filename={spaced}&type={kind}",
            f"/view?filename={spaced}&type={kind}%00",
        ]
        targets.append(f"/view?filename=secret.png&subfolder={spaced}/..&type={kind}")
        targets.append(f"/api/view?filename={spaced}&type={kind}&preview=webp;90")
        targets.append(f"/view?filename={spaced}&type={kind}&channel=a")
    for index in ("0", "1", "-1", "%2e%2e"):
        targets.append(f"/experiment/models/preview/loras/{index}/{spaced}")
        targets.append(f"/experiment/models/preview/..%2f..%2f/{index}/{spaced}")
    targets += [f"/userdata/{spaced}", f"/userdata/{quote(written, safe='')}"]
    targets += [f"/userdata?dir={spaced}", f"/v2/userdata?path={spaced}"]
    targets += [f"/view_metadata/loras?filename={spaced}", f"/models/{spaced}"]
    targets += [f"/api/workflow_templates/{spaced}", f"/internal/files/{spaced}"]
    for target in targets:
        answer = ask(server, target)
        assert answer.status < 500, target
        assert SECRET not in answer.body, target
        assert answer.status != 200 or answer.headers["content-type"] != "image/webp", target
        assert b"secret.txt" not in answer.body, target


@pytest.mark.parametrize("name", [n for n in CLIMBS if "%" not in n and "～" not in n])
def test_cve_2026_56673_nodes_read_pictures_of_the_input_folder_only(
    server: ServerProcess, name: str
) -> None:
    written = name.replace("{base}", str(server.base))
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": written}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    answer = server.call("POST", "/prompt", {"prompt": prompt})
    if answer.status == 400:
        return
    entry = server.entry(answer.json()["prompt_id"])
    assert entry["status"]["status_str"] == "error", "it was read"


@pytest.mark.parametrize("prefix", ["../out", "/etc/out", "up/out", "a/../../out", "..\\out", "\0"])
def test_saved_files_stay_in_the_output_folder(server: ServerProcess, prefix: str) -> None:
    before = {path.name for path in server.base.iterdir()}
    answer = server.call("POST", "/prompt", {"prompt": picture_prompt(prefix=prefix)})
    if answer.status == 200:
        entry = server.entry(answer.json()["prompt_id"])
        for image in entry["outputs"].get("9", {}).get("images", []):
            place = server.base / "output" / image["subfolder"] / image["filename"]
            assert place.resolve().is_relative_to(server.base / "output")
    assert {path.name for path in server.base.iterdir()} == before
    assert not Path("/etc/out_00001_.png").exists()


@pytest.mark.parametrize(
    "name",
    [
        *(b"../../out.png", b"..\\..\\out.png", b"/etc/out.png", b"up/out.png", b"C:\\out.png"),
        *(b"out.png\0.txt", b"out\x01.png", b".", b"..", b"", b" ", b"a" * 5000, b"\xff\xfe.png"),
        *(b'x"; name="type', b"x\r\nSet-Cookie: a=b", b"CON.png", b"a:b.png", b".htaccess"),
    ],
)
def test_uploads_by_any_name_stay_in_their_folder(server: ServerProcess, name: bytes) -> None:
    def everything() -> set[Path]:
        places = [*server.base.iterdir(), *(server.base / "user").rglob("*")]
        return {path for path in places if "cache" not in path.parts}

    before = everything()
    for fields in (
        (),
        (("subfolder", "../.."),),
        (("subfolder", "up"),),
        (("subfolder", "/etc"),),
        (("type", "../user"),),
        (("type", "user"),),
        (("subfolder", "a\0b"),),
        (("type", "temp"), ("overwrite", "true"), ("subfolder", "root/etc")),
    ):
        body = upload(name, png(1, 1), *fields)
        answer = ask(server, "/upload/image", FORM, method="POST", body=body)
        assert answer.status in (200, 400, 403), fields
        assert "set-cookie" not in answer.headers
    after = everything()
    assert after == before
    assert not Path("/etc/out.png").exists()
    assert (server.base / "secret.png").read_bytes().endswith(SECRET)


# --- what is stored -----------------------------------------------------------------------------

PAGES = [
    *("a.html", "a.HTML", "a.htm", "a.svg", "a.svgz", "a.xml", "a.xhtml", "a.js", "a.css", "a.pdf"),
    *("a.swf", "a.mht", "a.hta", "a.html ", "a", "a.png.html", "a.html.unknown", "a.xsl", "a.wasm"),
]


@pytest.mark.parametrize("name", PAGES)
def test_cve_2024_10099_and_2026_56670_and_56672_stored_pages_never_run(
    server: ServerProcess, name: str
) -> None:
    script = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/><script>1</script>"
    body = upload(name.encode(), script, ("overwrite", "true"))
    stored = ask(server, "/upload/image", FORM, method="POST", body=body)
    assert stored.status in (200, 400)
    written = ask(server, f"/userdata/{quote(name)}", method="POST", body=script)
    assert written.status in (200, 400)
    for answer in (
        ask(server, f"/view?type=input&filename={quote(name)}"),
        ask(server, f"/view?filename={quote(name)}%20[input]"),
        ask(server, f"/userdata/{quote(name)}", "Accept: text/html"),
    ):
        if answer.status == 404:
            continue
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert (
            "'unsafe-inline'"
            not in answer.headers["content-security-policy"].partition("script-src")[2]
        )


@pytest.mark.parametrize("name", ['a"b.bin', "a;b.bin", "a\u202egnp.exe", "🎨.bin", "a%0d%0ab.bin"])
def test_names_cannot_break_out_of_headers(server: ServerProcess, name: str) -> None:
    body = upload(name.replace('"', "%22").encode(), b"x", ("overwrite", "1"))
    stored = ask(server, "/upload/image", FORM, method="POST", body=body)
    if stored.status == 400:
        return
    found = json.loads(stored.body)["name"]
    answer = ask(server, f"/view?type=input&filename={quote(found)}")
    assert answer.status == 200
    assert answer.headers["content-disposition"].isascii()
    assert answer.headers["content-disposition"].count('"') == 2


def test_header_injection_through_parameters(server: ServerProcess) -> None:
    evil = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>"
    for target in (
        *(f"/view?filename={evil}", f"/view?filename=a&type={evil}", f"/history/{evil}"),
        *(f"/{evil}", f"/userdata/{evil}", f"/object_info/{evil}"),
        *(f"/view?filename=e2e_00001_.png&preview={evil}", f"/ws?clientId={evil}"),
    ):
        answer = ask(server, target)
        assert "set-cookie" not in answer.headers
        assert answer.headers.get("content-type", "").split(";")[0] != "text/html"


def test_markup_in_names_is_told_as_data_only(server: ServerProcess) -> None:
    listing = ask(server, "/models/loras")
    assert MARKUP in json.loads(listing.body)
    assert listing.headers["content-type"].startswith("application/json")
    assert listing.headers["x-content-type-options"] == "nosniff"
    for target in (f"/models/{quote(MARKUP)}", f"/{quote(MARKUP)}", f"/view?type={quote(MARKUP)}"):
        answer = ask(server, target)
        assert answer.headers["content-type"].startswith("application/json")
        assert "sandbox" in answer.headers["content-security-policy"]
    prompt = {MARKUP: {"class_type": MARKUP, "inputs": {}, "_meta": {"title": MARKUP}}}
    answer = server.call("POST", "/prompt", {"prompt": prompt})
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/json")


# --- bodies -------------------------------------------------------------------------------------


def test_bodies_over_the_limit_are_refused_before_they_are_read(server: ServerProcess) -> None:
    for target, kind in (("/prompt", "application/json"), ("/upload/image", FORM[14:])):
        head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        answer = parsed(
            send(server, f"{head}Content-Length: 999999999999\r\n\r\nx".encode(), wait_s=2)
        )
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
        raw = send(server, head + smuggled, wait_s=3)
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
    with socket.create_connection(("127.0.0.1", server.port), timeout=3) as connection:
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


# --- pictures, pickles, fetching ----------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        png(1 << 20, 1 << 20),
        png(1, 1 << 30),
        png(30_000, 30_000),
        png(4, 4, *[(b"a%d" % n, b" " * (1 << 20)) for n in range(200)]),
        png(0, 0),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"IHDR",
        b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\xf7\0\0" + b"\0" * 768,
        b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 40,
        b"II*\0" + struct.pack("<I", 8) + b"\xff" * 100,
        b"",
    ],
    ids=["area", "tall", "wide", "texts", "none", "chunk", "gif", "webp", "tiff", "empty"],
)
def test_pictures_that_unpack_to_gigabytes_are_refused(
    server: ServerProcess, content: bytes
) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    for target in ("/upload/image", "/upload/mask"):
        original = ("original_ref", json.dumps({"filename": "e2e_00001_.png"}))
        body = upload(b"bomb.png", content, ("overwrite", "true"), original)
        answer = ask(server, target, FORM, method="POST", body=body)
        assert answer.status in (400, 413), target
    (server.base / "input/planted.png").write_bytes(content)
    for query in ("preview=webp;90", "preview=jpeg;50", "channel=rgb", "channel=a"):
        answer = ask(server, f"/view?type=input&filename=planted.png&{query}")
        assert 400 <= answer.status < 500, query
    assert psutil.Process(server.pid).memory_info().rss - before < 150 << 20


def test_cve_2024_12029_and_2025_32434_and_2026_24747_pickles_are_never_run(
    server: ServerProcess,
) -> None:
    for name in ("bad.ckpt", "bad.safetensors", "bad.pt"):
        assert server.get(f"/view_metadata/loras?filename={name}").status in (400, 404)
        assert server.get(f"/experiment/models/preview/loras/0/{name}").status == 404
        prompts = (
            {
                "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": name}},
                "2": {
                    "class_type": "EmptyLatentImage",
                    "inputs": {"width": 64, "height": 64, "batch_size": 1},
                },
                "3": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0], "vae": ["1", 2]}},
                "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
            },
        )
        for prompt in prompts:
            answer = server.call("POST", "/prompt", {"prompt": prompt})
            if answer.status == 200:
                entry = server.entry(answer.json()["prompt_id"])
                assert entry["status"]["status_str"] == "error"
                (error,) = (
                    data for kind, data in entry["status"]["messages"] if kind == "execution_error"
                )
                assert name in error["exception_message"]
    assert not (server.base / "pickle_was_run").exists()


def test_cve_2024_12882_no_request_makes_the_server_fetch_anything(server: ServerProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(1)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x.png"
        body = {"url": url, "model_directory": "loras", "model_filename": "a.safetensors"}
        for target in ("/internal/models/download", "/internal/models", "/api/download"):
            assert server.call("POST", target, body).status in (404, 405)
        for target in (f"/view?filename={quote(url)}", f"/{url}", f"/extensions/{url}"):
            assert server.get(target).status in (400, 403, 404)
        prompt = picture_prompt()
        prompt["1"] = {"class_type": "LoadImage", "inputs": {"image": url}}
        entry = server.entry(server.queue(prompt))
        assert entry["status"]["status_str"] == "error"
        with pytest.raises(TimeoutError):
            trap.accept()


# --- WebSockets ---------------------------------------------------------------------------------


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
    raw = send(server, head, sent, frame(8, b"\x03\xe8"), wait_s=5)
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
