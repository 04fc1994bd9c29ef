"""The attacks known for this kind of program, as published: names that lead out of a folder."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from yarl import URL

from tests.server.server_host import Host, form, picture

SECRET = b"the secret"

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
