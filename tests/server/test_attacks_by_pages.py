"""The attacks known for this kind of program, as published: pages, stored or of others."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from yarl import URL

from tests.server.server_host import Host, form, hosted, picture, show

SCRIPT = b"<html><script>fetch('/queue')</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HARMLESS = ("application/octet-stream", "attachment")


async def assert_no_page(host: Host, path: str, content: bytes) -> None:
    """Check that a browser would not show what is served as a page of this server."""
    answer = await host.client.get(path)
    assert answer.status == 200
    assert await answer.read() == content
    kind, way = HARMLESS
    assert answer.content_type == kind
    assert answer.headers["Content-Disposition"].startswith(way)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


# --- pages of other origins ---------------------------------------------------------------------


async def test_cve_2024_10481_a_page_cannot_queue_prompts_with_a_simple_form(host: Host) -> None:
    body = json.dumps({"prompt": show("x")}).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        headers = {"Content-Type": content_type, "Origin": "https://evil.example"}
        answer = await host.client.post("/prompt", data=body, headers=headers)
        assert answer.status == 403
    upload = await host.client.post(
        "/upload/image", data=form(picture(), "a.png"), headers={"Origin": "https://evil.example"}
    )
    assert upload.status == 403
    assert list((host.base / "input").iterdir()) == []
    assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}


async def test_cve_2026_56674_a_sandboxed_frame_with_origin_null_is_refused(host: Host) -> None:
    for path in ("/prompt", "/api/prompt", "/interrupt", "/queue", "/settings"):
        answer = await host.client.post(path, json={}, headers={"Origin": "null"})
        assert answer.status == 403


async def test_dns_rebinding_carries_the_attackers_name_in_host_and_origin(host: Host) -> None:
    port = URL(host.origin).port
    headers = {"Host": f"rebind.example:{port}", "Origin": f"http://rebind.example:{port}"}
    for method, path in (("GET", "/history"), ("GET", "/view?filename=a"), ("POST", "/prompt")):
        answer = await host.client.request(method, path, headers=headers)
        assert answer.status == 403
    del headers["Origin"]  # same-origin GETs carry none
    assert (await host.client.get("/history", headers=headers)).status == 403


# --- stored pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a.html", "a.HTM", "a.xhtml", "a.js", "a.css", "a.xml", "a.pdf", "a", "a.html.", "a.jpe"],
)
async def test_cve_2024_10099_html_goes_in_but_never_runs(host: Host, name: str) -> None:
    if name == "a.jpe":  # named like a picture, it must be one
        answer = await host.client.post("/upload/image", data=form(SCRIPT, name))
        assert answer.status == 400
        return
    answer = await host.client.post("/upload/image", data=form(SCRIPT, name))
    assert answer.status == 200
    stored = (await answer.json())["name"]
    await assert_no_page(host, f"/view?type=input&filename={quote(stored)}", SCRIPT)


async def test_cve_2024_10099_html_named_like_a_picture_is_refused(host: Host) -> None:
    answer = await host.client.post("/upload/image", data=form(SCRIPT, "a.png"))
    assert answer.status == 400
    assert "a.png" in (await answer.json())["error"]["message"]
    assert list((host.base / "input").iterdir()) == []


async def test_cve_2026_56670_svg_goes_in_but_never_runs(host: Host) -> None:
    await host.client.post("/upload/image", data=form(SVG, "a.svg"))
    await assert_no_page(host, "/view?type=input&filename=a.svg", SVG)
    await assert_no_page(host, "/api/view?type=input&filename=a.svg", SVG)


async def test_cve_2026_56672_user_files_are_not_sniffed(host: Host) -> None:
    for name in ("page.html", "picture.svg", "no_extension"):
        assert (await host.client.post(f"/userdata/{name}", data=SCRIPT)).status == 200
        await assert_no_page(host, f"/userdata/{name}", SCRIPT)
    await host.client.post("/userdata/workflow.json", data=SCRIPT)
    answer = await host.client.get("/userdata/workflow.json")
    assert answer.content_type == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


# --- headers and markup -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a\r\nX-Evil: 1.bin", 'a".bin', "ä中.bin", "a;b.bin", "a%0d%0a.bin", "\u202e.bin"]
)
async def test_file_names_do_not_break_out_of_headers(host: Host, name: str) -> None:
    host.put(f"output/{name}", b"x")
    answer = await host.client.get("/view", params={"filename": name})
    assert answer.status == 200
    assert "X-Evil" not in answer.headers
    value = answer.headers["Content-Disposition"]
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert f"UTF-8''{quote(name, safe='')}" in value or name in value


async def test_cve_2026_22777_line_breaks_get_into_no_name(host: Host) -> None:
    answer = await host.client.post("/upload/image", data=form(b"x", "a%0d%0ab.bin"))
    assert answer.status in (200, 400)
    assert all(path.name.isprintable() for path in (host.base / "input").iterdir())
    assert (await host.client.post("/userdata/a%0D%0Ab", data=b"x")).status == 400
    assert (await host.client.post("/userdata/a%0D%0Ab%2Fc", data=b"x")).status == 400
    assert await host.post("/users", {"username": "a\r\nb"}) == 400


async def test_a_name_that_is_no_text_is_answered(host: Host) -> None:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="/e\x96c/\x96.webp"\r\n\r\n'
    )
    answer = await host.client.post(
        "/upload/image",
        data=head + b"no picture\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status == 400


async def test_cve_2026_111984_names_with_markup_stay_text(host: Host) -> None:
    name = "<img src=x onerror=alert(1)>.safetensors"
    host.put(f"models/loras/{name}")
    for path in (
        "/models/loras",
        "/experiment/models/loras",
        f"/view_metadata/loras?filename={quote(name)}",
        f"/view?filename={quote(name)}",
        f"/models/{quote('<script>')}",
        f"/{quote('<script>')}",
        f"/history/{quote('<script>')}",
    ):
        answer = await host.client.get(path)
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_request_is_not_smuggled_in_the_address_of_a_redirect(tmp_path: Path) -> None:
    token = "a-token-of-some-length"
    async with hosted(tmp_path, hosts=("0.0.0.0",), token=token) as host:
        url = URL(f"{host.origin}/a%0d%0aX-Evil:%201?token={token}", encoded=True)
        async with host.client.session.get(url, allow_redirects=False) as answer:
            assert answer.status == 303
            assert "X-Evil" not in answer.headers
