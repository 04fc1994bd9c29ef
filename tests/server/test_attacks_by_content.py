"""The attacks known for this kind of program, as published: fetching, pickles, archives, bombs."""

from __future__ import annotations

import ast
import os
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.server.server_host import Host, form, hosted

ROOT = Path(__file__).resolve().parents[2]


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
