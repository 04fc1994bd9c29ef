"""Attacks on a running server: pictures that unpack to gigabytes, pickles, fetching."""

from __future__ import annotations

import json
import socket
import struct
from urllib.parse import quote

import psutil
import pytest

from tests.e2e.attacks.raw_requests import FORM, ask, png, upload
from tests.e2e.server_process import ServerProcess, picture_prompt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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
