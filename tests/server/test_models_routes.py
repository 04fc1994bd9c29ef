"""Model folders, previews, headers of weights, hashes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct

import pytest
from PIL import Image

from tests.server.server_host import Host, picture


def safetensors(**texts: str) -> bytes:
    header = json.dumps({"__metadata__": texts} if texts else {}).encode()
    return struct.pack("<Q", len(header)) + header


async def test_embeddings_are_listed_without_extension(host: Host) -> None:
    host.put("models/embeddings/sub/a.safetensors")
    host.put("models/embeddings/b.pt")
    assert await host.json("/embeddings") == ["b", "sub/a"]


async def test_folders_and_their_files_are_listed(host: Host) -> None:
    host.put("models/loras/sub/a.safetensors")
    host.put("models/loras/readme.txt")
    keys = await host.json("/models")
    assert {"checkpoints", "loras", "text_encoders", "diffusion_models"} <= set(keys)
    assert await host.json("/models/loras") == ["sub/a.safetensors"]
    assert await host.json("/api/models/vae") == []


@pytest.mark.parametrize("folder", ["unet", "clip", "unknown", "%3Cb%3E"])
async def test_what_is_no_folder_key_is_not_found(host: Host, folder: str) -> None:
    assert (await host.client.get(f"/models/{folder}")).status == 404
    assert (await host.client.get(f"/experiment/models/{folder}")).status == 404


async def test_folders_are_listed_with_their_places(host: Host) -> None:
    found = {entry["name"]: entry["folders"] for entry in await host.json("/experiment/models")}
    assert found["loras"][0] == str(host.base / "models/loras")
    assert not {"configs", "custom_nodes"} & set(found)


async def test_files_are_listed_with_size_times_and_place(host: Host) -> None:
    host.put("models/text_encoders/a.safetensors", b"123")
    host.put("models/clip/b.safetensors", b"12345")
    files = await host.json("/experiment/models/text_encoders")
    assert [(f["name"], f["pathIndex"], f["size"]) for f in files] == [
        ("a.safetensors", 0, 3),
        ("b.safetensors", 1, 5),
    ]
    assert all(f["modified"] > 0 and f["created"] > 0 for f in files)


@pytest.mark.parametrize("sibling", ["a.png", "a.preview.png", "a.jpg", "a.webp"])
async def test_the_picture_beside_a_model_is_its_preview(host: Host, sibling: str) -> None:
    host.put("models/loras/sub/a.safetensors", safetensors())
    kind = {"jpg": "JPEG", "webp": "WEBP"}.get(sibling.rsplit(".", 1)[1], "PNG")
    host.put(f"models/loras/sub/{sibling}", picture(kind=kind))
    for name in ("sub/a.safetensors", "sub%2Fa.safetensors"):
        answer = await host.client.get(f"/experiment/models/preview/loras/0/{name}")
        assert answer.status == 200
        assert answer.content_type == "image/webp"
        assert Image.open(io.BytesIO(await answer.read())).format == "WEBP"


async def test_the_picture_inside_a_model_is_its_preview(host: Host) -> None:
    covers = json.dumps([base64.b64encode(picture((7, 5))).decode()])
    host.put("models/loras/a.safetensors", safetensors(ssmd_cover_images=covers))
    answer = await host.client.get("/experiment/models/preview/loras/0/a.safetensors")
    assert Image.open(io.BytesIO(await answer.read())).size == (7, 5)


@pytest.mark.parametrize("covers", ["", "[]", "{", '["no base64!"]', '["YWJj"]', "[" * 9999])
async def test_a_damaged_picture_inside_a_model_is_none(host: Host, covers: str) -> None:
    host.put("models/loras/a.safetensors", safetensors(ssmd_cover_images=covers))
    answer = await host.client.get("/experiment/models/preview/loras/0/a.safetensors")
    assert answer.status in (400, 404)


async def test_a_model_without_picture_has_no_preview(host: Host) -> None:
    host.put("models/loras/a.ckpt", b"")
    for path in ("0/a.ckpt", "0/missing.ckpt", "9/a.ckpt"):
        assert (await host.client.get(f"/experiment/models/preview/loras/{path}")).status == 404


async def test_who_asks_for_it_gets_an_empty_answer_instead_of_a_missing_preview(
    host: Host,
) -> None:
    host.put("models/loras/a.ckpt", b"")
    host.put("models/loras/b.ckpt", b"")
    host.put("models/loras/b.png", picture())
    for path in ("0/a.ckpt", "0/missing.ckpt"):
        answer = await host.client.get(f"/experiment/models/preview/loras/{path}?absent=empty")
        assert (answer.status, await answer.read()) == (204, b"")
    shown = await host.client.get("/experiment/models/preview/loras/0/b.ckpt?absent=empty")
    assert shown.content_type == "image/webp"
    for path in ("loras/9/a.ckpt", "unknown/0/a.ckpt"):
        answer = await host.client.get(f"/experiment/models/preview/{path}?absent=empty")
        assert answer.status == 404, "a mistake of who asks, not a model without a picture"


async def test_the_texts_in_a_header_are_returned(host: Host) -> None:
    host.put("models/loras/a.safetensors", safetensors(author="me", title="<b>"))
    path = "/view_metadata/loras?filename=a.safetensors"
    assert await host.json(path) == {"author": "me", "title": "<b>"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("none.safetensors", 404),
        ("a.ckpt", 404),
        ("", 404),
        ("missing.safetensors", 404),
        ("../a.safetensors", 403),
        ("damaged.safetensors", 400),
    ],
)
async def test_a_header_that_is_not_there_is_not_found(host: Host, name: str, status: int) -> None:
    host.put("models/loras/none.safetensors", safetensors())
    host.put("models/loras/damaged.safetensors", struct.pack("<Q", 3) + b"{x}")
    host.put("models/loras/a.ckpt")
    answer = await host.client.get("/view_metadata/loras", params={"filename": name})
    assert answer.status == status
    assert (await host.client.get("/view_metadata/unknown?filename=a.safetensors")).status == 404


async def test_who_asks_of_many_files_may_be_told_of_no_texts_without_an_error(host: Host) -> None:
    host.put("models/loras/none.safetensors", safetensors())
    host.put("models/loras/some.safetensors", safetensors(author="me"))
    host.put("models/loras/a.ckpt")
    for name in ("none.safetensors", "a.ckpt"):
        answer = await host.client.get(f"/view_metadata/loras?filename={name}&absent=empty")
        assert (answer.status, await answer.read()) == (204, b"")
    told = await host.json("/view_metadata/loras?filename=some.safetensors&absent=empty")
    assert told == {"author": "me"}
    gone = await host.client.get("/view_metadata/loras?filename=gone.safetensors&absent=empty")
    assert gone.status == 404


async def test_a_model_is_known_by_its_hash(host: Host) -> None:
    path = host.put("models/loras/sub/a.safetensors", b"weights")
    address = "/api/tessera/models/loras/hash?filename=sub/a.safetensors"
    expected = hashlib.sha256(b"weights").hexdigest()
    assert await host.json(address) == {
        "name": "sub/a.safetensors",
        "sha256": expected,
        "size": 7,
    }
    path.write_bytes(b"others!!")
    assert (await host.json(address))["sha256"] == hashlib.sha256(b"others!!").hexdigest()


async def test_file_names_that_are_no_text_break_no_list(host: Host) -> None:
    host.put("models/loras/a.safetensors")
    host.put("models/loras/\udcff.safetensors")
    host.put("output/\udcff.png", picture())
    assert await host.json("/models/loras") == ["a.safetensors", "?.safetensors"]
    assert len(await host.json("/experiment/models/loras")) == 2
    assert await host.json("/internal/files/output") == ["?.png"]
    assert (await host.client.get("/view?filename=%FF.png")).status in (200, 404)
