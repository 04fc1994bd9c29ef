"""The attacks known for this kind of program, each tried as it was published."""

from __future__ import annotations

import ast
import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from yarl import URL

from tests.server.server_host import Host, form, hosted, picture, show

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = b"<html><script>fetch('/queue')</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SECRET = b"the secret"
HARMLESS = ("application/octet-stream", "attachment")

CLIMBS = [
    "../secret.txt",
    "..\\secret.txt",
    "a/../../secret.txt",
    "a\\..\\..\\secret.txt",
    "/etc/passwd",
    "\\etc\\passwd",
    "C:/Windows/win.ini",
    "C:secret.txt",
    "//host/share/secret.txt",
    "..",
    "a/..",
    "\0",
    "../secret.txt [output]",
    "../secret.txt [input]",
    "x\0.png",
]


async def raw_get(host: Host, path: str) -> tuple[int, bytes]:
    """Request a path as it is written, without the client tidying it."""
    url = URL(f"{host.origin}{path}", encoded=True)
    async with host.client.session.get(url) as answer:
        return answer.status, await answer.read()


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


# --- leaving a folder ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIMBS)
async def test_no_name_leads_out_of_the_folders_of_view(host: Host, name: str) -> None:
    host.put("secret.txt", SECRET)
    host.put("output/a/b.txt")
    for query in (f"filename={quote(name)}", f"filename=secret.txt&subfolder={quote(name)}"):
        for kind in ("output", "input", "temp"):
            status, body = await raw_get(host, f"/view?{query}&type={kind}")
            assert status in (400, 403, 404)
            assert SECRET not in body
    assert (await host.client.get("/view?filename=a&type=user")).status == 400
    assert (await host.client.get("/view?filename=a&type=../..")).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "..%2F..%2Fsecret.png",
        "..%5C..%5Csecret.png",
        "%2E%2E/%2E%2E/secret.png",
        "..%252F..%252Fsecret.png",
        "%2Fetc%2Fpasswd",
        "a.safetensors%00.png",
    ],
)
async def test_cve_2026_56671_model_previews_stay_in_their_folder(host: Host, path: str) -> None:
    host.put("secret.png", picture())
    host.put("secret.safetensors", b"")
    host.put("models/loras/a.safetensors")
    for index in ("0", "1", "-1", "99999999999999999999", "x", "..%2F"):
        status, body = await raw_get(host, f"/experiment/models/preview/loras/{index}/{path}")
        assert status in (403, 404)
        assert b"RIFF" not in body


async def test_cve_2026_56671_only_pictures_beside_models_are_shown(host: Host) -> None:
    host.put("models/loras/lonely.png", picture())
    answer = await host.client.get("/experiment/models/preview/loras/0/lonely.safetensors")
    assert answer.status == 404


@pytest.mark.parametrize("name", CLIMBS)
async def test_cve_2026_56673_pictures_that_nodes_name_stay_in_their_folder(
    host: Host, name: str
) -> None:
    from engine.errors import EngineError

    host.put("secret.txt", SECRET)
    with pytest.raises(EngineError):  # what LoadImage calls
        host.services.folders.resolve("input", name)


@pytest.mark.parametrize("name", [name for name in CLIMBS if "\0" not in name])
async def test_uploads_stay_in_their_folder(host: Host, name: str) -> None:
    before = {path for path in host.base.rglob("*") if "user" not in path.parts}
    for data in (form(b"x", name), form(b"x", "a.bin", subfolder=name)):
        answer = await host.client.post("/upload/image", data=data)
        assert answer.status in (200, 400, 403)
    inside = {*(host.base / "input").rglob("*")}
    after = {path for path in host.base.rglob("*") if "user" not in path.parts}
    assert after - before <= inside


async def test_cve_2025_67303_userdata_reaches_nothing_of_the_server(host: Host) -> None:
    database = (host.base / "user/jobs.sqlite3").read_bytes()
    for name in ("../jobs.sqlite3", "../users.json", "../../input/a", ".."):
        url = URL(f"{host.origin}/userdata/{quote(name, safe='')}", encoded=True)
        for method in ("GET", "POST", "DELETE"):
            async with host.client.session.request(method, url, data=b"x") as answer:
                assert answer.status in (400, 403, 404)
    assert (host.base / "user/jobs.sqlite3").read_bytes() == database
    await host.client.post("/userdata/a", data=b"x")
    target = quote("../../input/a", safe="")
    url = URL(f"{host.origin}/userdata/a/move/{target}", encoded=True)
    assert (await host.client.session.post(url)).status == 403
    assert (await host.client.get("/userdata?dir=..")).status == 403
    assert (await host.client.get("/v2/userdata?path=../..")).status == 403


async def test_links_that_lead_out_are_not_followed(host: Host) -> None:
    host.put("secret.txt", SECRET)
    for folder in ("output", "input", "temp", "user/default", "web"):
        (host.base / folder).mkdir(parents=True, exist_ok=True)
        (host.base / folder / "link.txt").symlink_to(host.base / "secret.txt")
        (host.base / folder / "up").symlink_to(host.base)
    for path in (
        *(f"/view?filename=link.txt&type={kind}" for kind in ("output", "input", "temp")),
        "/view?filename=secret.txt&subfolder=up",
        "/userdata/link.txt",
        "/userdata/up%2Fsecret.txt",
        "/link.txt",
        "/up/secret.txt",
    ):
        status, body = await raw_get(host, path)
        assert status in (403, 404), path
        assert SECRET not in body
    upload = form(b"x", "new.bin", subfolder="up")
    assert (await host.client.post("/upload/image", data=upload)).status == 403
    assert (await host.client.post("/userdata/link.txt", data=b"x")).status == 403
    assert (host.base / "secret.txt").read_bytes() == SECRET
    assert b"link" not in (await raw_get(host, "/internal/files/output"))[1]


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
async def test_the_editors_files_do_not_lead_out(host: Host, path: str) -> None:
    host.put("secret.txt", SECRET)
    for prefix in ("", "/extensions/core", "/extensions/..", "/api/workflow_templates/.."):
        status, body = await raw_get(host, prefix + path)
        assert status in (403, 404)
        assert SECRET not in body


async def test_a_hidden_file_type_is_no_file_of_the_editor(host: Host) -> None:
    host.put("web/settings.ini", SECRET)
    assert (await host.client.get("/settings.ini")).status == 404


# --- fetching -----------------------------------------------------------------------------------


def test_cve_2024_12882_nothing_of_the_server_fetches_addresses_of_others() -> None:
    """Only the routes of packs open a connection, to a port of this machine."""
    clients = {"ClientSession", "urlopen", "urlretrieve", "requests", "httpx", "http.client"}
    found = set()
    for path in [*(ROOT / "engine/server").rglob("*.py"), *(ROOT / "engine/jobs").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [getattr(node, "id", ""), getattr(node, "attr", "")]
            names += [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            if clients.intersection(names):
                found.add(path.name)
    assert found == {"app.py", "pack_routes.py", "pack_sockets.py"}


async def test_cve_2024_12882_the_download_route_does_not_exist(host: Host) -> None:
    body = {"url": "http://169.254.169.254/", "model_directory": "loras", "model_filename": "a"}
    assert await host.post("/internal/models/download", body) == 404


# --- pickles, archives, bombs -------------------------------------------------------------------


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pickle_was_run",)


async def test_cve_2024_12029_and_2025_32434_and_2026_24747_pickles_are_never_opened(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(host.base)
    content = pickle.dumps(_Payload())
    for name in ("models/loras/a.ckpt", "models/loras/a.safetensors", "models/embeddings/a.pt"):
        host.put(name, content)
    await host.client.post("/upload/image", data=form(content, "a.pt"))
    for path in (
        "/models/loras",
        "/experiment/models/loras",
        "/experiment/models/preview/loras/0/a.ckpt",
        "/experiment/models/preview/loras/0/a.safetensors",
        "/view_metadata/loras?filename=a.safetensors",
        "/view_metadata/loras?filename=a.ckpt",
        "/api/tessera/models/loras/hash?filename=a.ckpt",
        "/embeddings",
    ):
        assert (await host.client.get(path)).status < 500
    assert not (host.base / "pickle_was_run").exists()


def test_the_server_has_neither_torch_nor_pickle_nor_archives_nor_packs() -> None:
    modules = "'torch', 'nodes', 'numpy', 'diffusers', 'transformers', 'zipfile', 'tarfile'"
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import engine.server.app, engine.cli.serve\n"
        f"print(sorted({{{modules}}} & (set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert set(ast.literal_eval(run.stdout)) <= {"zipfile"}  # importlib.metadata has it


def test_zip_slip_nothing_of_the_server_unpacks_archives() -> None:
    for path in (ROOT / "engine/server").rglob("*.py"):
        source = path.read_text("utf-8")
        for word in ("zipfile", "tarfile", "extractall", "unpack_archive", "pickle"):
            assert word not in source, f"{path.name}: {word}"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(1 << 20, 1 << 20), (1, 1 << 30), (20_000, 20_000)])
async def test_pictures_that_unpack_to_gigabytes_are_refused(
    host: Host, size: tuple[int, int]
) -> None:
    content = bomb(*size)
    assert (await host.client.post("/upload/image", data=form(content, "a.png"))).status == 400
    host.put("output/a.png", content)
    for query in ("preview=webp", "preview=jpeg;10", "channel=a", "channel=rgb"):
        answer = await host.client.get(f"/view?filename=a.png&{query}")
        assert answer.status == 400
        assert "pixels" in (await answer.json())["error"]["message"]


async def test_a_compressed_request_may_not_unpack_beyond_the_limit(tmp_path: Path) -> None:
    async with hosted(tmp_path, max_upload_bytes=1 << 20) as host:
        body = zlib.compress(b" " * (64 << 20))
        assert len(body) < 1 << 17
        headers = {"Content-Encoding": "deflate", "Content-Type": "application/json"}
        answer = await host.client.post("/prompt", data=body, headers=headers)
        assert answer.status in (400, 413)


async def test_a_text_that_unpacks_to_gigabytes_is_refused(host: Host) -> None:
    header = struct.pack("<Q", 1 << 40) + b"{"
    host.put("models/loras/a.safetensors", header)
    assert (await host.client.get("/view_metadata/loras?filename=a.safetensors")).status == 400


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
