"""Who may use the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from yarl import URL

from engine.server.security import is_loopback, needs_token, token_cookie
from engine.settings import ServerSettings
from tests.server.server_host import Host, hosted, show

TOKEN = "a-token-of-some-length"
OPEN: dict[str, Any] = {"hosts": ("0.0.0.0",), "token": TOKEN}


async def status(host: Host, path: str = "/prompt", method: str = "GET", **headers: str) -> int:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with host.client.request(method, path, headers=names, allow_redirects=False) as answer:
        return answer.status


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "127.3.2.1", "LOCALHOST."])
async def test_names_of_this_machine_are_accepted(host: Host, name: str) -> None:
    assert await status(host, Host=f"{name}:8188") == 200


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "a@localhost",
        "",
        "[",
        "x:y",
        "[::1].evil",
    ],
)
async def test_other_names_are_refused(host: Host, name: str) -> None:
    assert await status(host, Host=name) == 403


async def test_a_configured_name_is_accepted(tmp_path: Path) -> None:
    async with hosted(tmp_path, allowed_hosts=frozenset({"Studio.Example"})) as host:
        assert await status(host, Host="studio.example") == 200
        assert await status(host, Host="other.example") == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "http://localhost:8188",
        "file://",
        "http://127.0.0.1:8188@evil.example",
        "//127.0.0.1:8188",
        "http://127.0.0.1:8188/path",
        "http://127.0.0.1:99999",
        "",
    ],
)
async def test_pages_of_other_origins_are_refused(host: Host, method: str, origin: str) -> None:
    assert await status(host, "/queue", method, Host="127.0.0.1:8188", Origin=origin) == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8188", "https://127.0.0.1:8188"])
async def test_our_own_pages_pass(host: Host, origin: str) -> None:
    assert await status(host, Host="127.0.0.1:8188", Origin=origin) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requests_of_other_sites_are_refused(host: Host, site: str, method: str) -> None:
    assert await status(host, "/queue", method, Sec_Fetch_Site=site) == 403


async def test_a_link_from_another_site_opens_the_editor(host: Host) -> None:
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert await status(host, "/", **link, Sec_Fetch_Dest="document") == 200
    assert await status(host, "/", **link, Sec_Fetch_Dest="iframe") == 403
    assert await status(host, "/queue", "POST", **link, Sec_Fetch_Dest="document") == 403


async def test_requests_of_our_own_pages_pass(host: Host) -> None:
    for site in ("same-origin", "none"):
        assert await status(host, Sec_Fetch_Site=site) == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]
)
async def test_websockets_of_other_pages_are_refused(host: Host, headers: dict[str, str]) -> None:
    with pytest.raises(WSServerHandshakeError, match="403"):
        await host.client.ws_connect("/ws", headers=headers)
    assert len(host.services.hub) == 0


async def test_every_answer_carries_the_protecting_headers(host: Host) -> None:
    host.put("output/a.png", b"x")
    for path in ("/", "/prompt", "/view?filename=a.png", "/nothing", "/view?filename=../x"):
        headers = (await host.client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


async def test_without_the_token_nothing_is_answered(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        for path in ("/", "/prompt", "/view?filename=a", "/api/tessera/openapi.json", "/metrics"):
            answer = await host.client.get(path)
            assert answer.status == 401
            assert TOKEN not in await answer.text()
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        with pytest.raises(WSServerHandshakeError, match="401"):
            await host.client.ws_connect("/ws")


@pytest.mark.parametrize(
    "shown", [f"Bearer {TOKEN}x", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer \xe4"]
)
async def test_a_wrong_token_is_refused(tmp_path: Path, shown: str) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        assert await status(host, Authorization=shown) == 401
        assert await status(host, f"/prompt?token={TOKEN}x") == 401


async def test_the_token_is_shown_in_a_header(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        assert await status(host, Authorization=f"Bearer {TOKEN}") == 200


async def test_a_token_in_the_address_becomes_a_cookie(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        path = f"/view?filename=a%20b.png&token={TOKEN}&type=input"
        answer = await host.client.get(path, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == "/view?filename=a+b.png&type=input"
        cookie = answer.cookies[token_cookie(host.services.settings)]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert await status(host) == 200
        host.client.session.cookie_jar.clear()
        assert await status(host, Cookie=f"{cookie.key}={TOKEN}") == 200
        assert await status(host, Cookie=f"{cookie.key}={TOKEN}x") == 401


async def test_the_redirect_after_the_token_stays_on_this_server(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        for path in ("//evil.example/", "/%2F/evil.example", "/\\evil.example"):
            host.client.session.cookie_jar.clear()
            url = URL(f"{host.origin}{path}?token={TOKEN}", encoded=True)
            async with host.client.session.get(url, allow_redirects=False) as answer:
                assert answer.status == 303
                location = answer.headers["Location"]
                assert location.startswith("/")
                assert not location.startswith(("//", "/\\"))


async def test_programs_may_show_the_token_in_any_address(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        answer = await host.client.post(f"/prompt?token={TOKEN}", json={"prompt": show("x")})
        assert answer.status == 200
        async with host.client.ws_connect(f"/ws?token={TOKEN}") as socket:
            assert (await socket.receive_json())["type"] == "status"


async def test_the_token_does_not_open_the_door_to_other_pages(tmp_path: Path) -> None:
    async with hosted(tmp_path, **OPEN) as host:
        bearer = f"Bearer {TOKEN}"
        assert await status(host, Authorization=bearer, Origin="https://evil.example") == 403
        assert await status(host, Authorization=bearer, Host="evil.example") == 403
        assert await status(host, Authorization=bearer, Host="192.168.1.5:8188") == 200


async def test_a_named_origin_may_use_the_server(tmp_path: Path) -> None:
    allowed = "https://app.example"
    async with hosted(tmp_path, cors_origin=allowed) as host:
        headers = {"Origin": allowed, "Sec-Fetch-Site": "cross-site"}
        async with host.client.options("/prompt", headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == allowed
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert await status(host, "/prompt", **headers) == 200
        assert await status(host, Origin="https://other.example") == 403
        assert await status(host, Origin="null") == 403


async def test_for_pages_of_all_origins_there_is_a_token(tmp_path: Path) -> None:
    async with hosted(tmp_path, cors_origin="*", token=TOKEN) as host:
        headers = {"Origin": "https://any.example", "Sec_Fetch_Site": "cross-site"}
        assert await status(host, "/prompt", "OPTIONS", **headers) == 200
        assert await status(host, **headers) == 401
        assert await status(host, **headers, Authorization=f"Bearer {TOKEN}") == 200
        assert await status(host, Origin="null", Authorization=f"Bearer {TOKEN}") == 403


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, False),
        ({"hosts": ("localhost", "::1")}, False),
        ({"hosts": ("0.0.0.0",)}, True),
        ({"hosts": ("127.0.0.1", "::")}, True),
        ({"hosts": ("studio",)}, True),
        ({"cors_origin": "*"}, True),
        ({"cors_origin": "https://app.example"}, False),
    ],
)
def test_a_token_is_needed_where_others_could_pass(settings: Any, needed: bool) -> None:
    assert needs_token(ServerSettings(web_root=Path(), **settings)) is needed


@pytest.mark.parametrize("name", ["0.0.0.0", "::", "", "localhost.example", "2130706433"])
def test_what_only_looks_like_this_machine_is_not(name: str) -> None:
    assert not is_loopback(name)
