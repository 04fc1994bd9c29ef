"""Attacks on a running server: names that lead out of a folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.attacks.raw_requests import FORM, SECRET, ask, png, upload
from tests.e2e.server_process import ServerProcess, picture_prompt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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
