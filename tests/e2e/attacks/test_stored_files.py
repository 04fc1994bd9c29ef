"""Attacks on a running server: stored pages, and names that break out of headers."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.e2e.attacks.raw_requests import FORM, MARKUP, ask, upload
from tests.e2e.server_process import ServerProcess

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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
