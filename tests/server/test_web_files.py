"""The editor's files: what is served, under which policy, and how long a browser keeps it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.server.web_files import EDITOR_FOLDERS
from tests.server.server_host import Host, hosted

PAGE = '<!doctype html><script type="module" src="./src/app.js"></script>'


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path, web_folders=EDITOR_FOLDERS) as host:
        host.put("web/index.html", PAGE.encode())
        host.put("web/src/app.js", b"export const answer = 42; // " + b"x" * 2000)
        host.put("web/package.json", b"{}")
        host.put("web/tests/core/a.test.js", b"")
        host.put("web/node_modules/a/index.js", b"")
        yield host


async def versioned(host: Host) -> str:
    """Return the address of app.js that the page names."""
    page = await (await host.client.get("/")).text()
    found = re.search('src="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_nothing_inline_runs_in_the_editor(editor: Host) -> None:
    answer = await editor.client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/package.json",
        "/tests/core/a.test.js",
        "/node_modules/a/index.js",
        "/index.html",
        "/src",
        "/src/",
        "/src/%2e%2e/package.json",
        "/@x/package.json",
        "/@x/src/%2e%2e/package.json",
        "/@x",
    ],
)
async def test_tests_and_tools_are_not_served(editor: Host, path: str) -> None:
    answer = await editor.client.get(path)
    assert answer.status in (403, 404)


async def test_another_editor_is_served_whole(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        host.put("web/index.html", PAGE.encode())
        host.put("web/assets/tests/a.js", b"1")
        assert await (await host.client.get("/")).text() == PAGE
        assert (await host.client.get("/assets/tests/a.js")).status == 200


async def test_modules_are_kept_for_ever_under_their_version(editor: Host) -> None:
    address = await versioned(editor)
    answer = await editor.client.get(address)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_type == "text/javascript"
    assert (await answer.text()).startswith("export const answer = 42;")


async def test_a_changed_file_gives_all_of_them_another_address(editor: Host) -> None:
    before = await versioned(editor)
    editor.put("web/locales/en/shell.json", b"{}")
    after = await versioned(editor)
    assert before != after
    stale = await editor.client.get(before)
    assert stale.status == 200
    assert stale.headers["Cache-Control"] == "no-cache"


async def test_the_page_names_all_modules_that_are_needed_at_once(editor: Host) -> None:
    editor.put("web/index.html", PAGE.replace("</script>", "</script></head>").encode())
    editor.put(
        "web/src/app.js",
        b"""/** @import { T } from "./types.js" */
import { a } from "./core/a.js";
import {
  b,
  c,
} from "../vendor/b.js";
import "./missing.js";
export { d } from "./d.js";
const lazy = () => import("./lazy.js");
export async function later() {
  return (await import("./lazy.js")).later;
}
""",
    )
    editor.put("web/src/core/a.js", b'import "../app.js";\nimport "../../../../secret.js";\n')
    for name in ("vendor/b.js", "src/d.js", "src/lazy.js", "src/types.js"):
        editor.put(f"web/{name}", b"")
    editor.put("../secret.js", b"")
    page = await (await editor.client.get("/")).text()
    hints = re.findall('modulepreload" href="/@[0-9a-f]{16}/([^"]+)"', page)
    assert hints == ["src/app.js", "src/core/a.js", "vendor/b.js", "src/d.js"]


async def test_an_unchanged_file_is_not_sent_again(editor: Host) -> None:
    first = await editor.client.get("/src/app.js")
    assert first.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await editor.client.get("/src/app.js", headers=known)).status == 304
    editor.put("web/src/app.js", b"export const answer = 43;")
    again = await editor.client.get("/src/app.js", headers=known)
    assert again.status == 200
    assert await again.text() == "export const answer = 43;"


async def test_every_module_is_reached_with_the_cookie_alone(tmp_path: Path) -> None:
    async with hosted(tmp_path, web_folders=EDITOR_FOLDERS, token="t" * 20) as host:
        host.put("web/index.html", PAGE.encode())
        host.put("web/src/app.js", b"1")
        assert (await host.client.get("/")).status == 401
        assert (await host.client.get("/src/app.js")).status == 401
        opened = await host.client.get("/", params={"token": "t" * 20})  # follows the redirect
        assert opened.status == 200
        assert "token" not in str(opened.url)
        assert (await host.client.get(await versioned(host))).status == 200


async def test_examples_come_with_the_server(tmp_path: Path) -> None:
    async with hosted(tmp_path, examples=tmp_path / "examples") as host:
        host.put("examples/a.json", b"{}")
        host.put("examples/a.png", b"p")
        host.put("examples/b.json", b"{}")
        host.put("examples/notes.txt", b"n")
        host.put("examples/a folder/first.json", b"{}")
        host.put("secret.json", b"{}")
        (tmp_path / "examples/out").symlink_to(tmp_path)
        assert await host.json("/api/tessera/examples") == [
            {"name": "a", "picture": True},
            {"name": "b", "picture": False},
            {"name": "a folder/first", "picture": False},
        ]
        for name in ("a.json", "a%20folder/first.json", "a%20folder%2Ffirst.json"):
            assert await host.json(f"/api/tessera/examples/{name}") == {}
        for name in (
            "notes.txt",
            "c.json",
            "a%20folder",
            "%2e%2e%2fsecret.json",
            "a%20folder/%2e%2e%2f%2e%2e%2fsecret.json",
            "a%20folder%2F..%2F..%2Fsecret.json",
            "/%2Fetc%2Fx.json",
            "out/secret.json",
        ):
            answer = await host.client.get(f"/api/tessera/examples/{name}")
            assert answer.status in (403, 404)


async def test_without_examples_there_are_none(host: Host) -> None:
    assert await host.json("/api/tessera/examples") == []
    assert (await host.client.get("/api/tessera/examples/a.json")).status == 404
