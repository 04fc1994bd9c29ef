"""Files in and out: /view, /upload/image, /upload/mask."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.server.server_host import Host, form, hosted, picture


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


async def upload(host: Host, content: bytes, name: str, **fields: str) -> Any:
    answer = await host.client.post("/upload/image", data=form(content, name, **fields))
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def view(host: Host, query: str) -> bytes:
    answer = await host.client.get(f"/view?{query}")
    assert answer.status == 200, await answer.text()
    return await answer.read()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.png", "image/png"),
        ("a.JPG", "image/jpeg"),
        ("a.mp4", "video/mp4"),
        ("a.flac", "audio/flac"),
    ],
)
async def test_harmless_files_are_shown(host: Host, name: str, media_type: str) -> None:
    host.put(f"output/sub/{name}", b"content")
    answer = await host.client.get(f"/view?filename={name}&subfolder=sub&rand=0.1")
    assert await answer.read() == b"content"
    assert answer.content_type == media_type
    assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'


@pytest.mark.parametrize("kind", ["input", "output", "temp"])
async def test_the_name_may_say_the_folder(host: Host, kind: str) -> None:
    host.put(f"{kind}/a.txt", kind.encode())
    assert await view(host, f"filename=a.txt%20[{kind}]&type=output") == kind.encode()
    assert await view(host, f"filename=a.txt&type={kind}") == kind.encode()


async def test_a_part_of_a_file_is_served(host: Host) -> None:
    host.put("output/a.mp4", bytes(range(100)))
    answer = await host.client.get("/view?filename=a.mp4", headers={"Range": "bytes=10-19"})
    assert answer.status == 206
    assert await answer.read() == bytes(range(10, 20))
    assert answer.headers["Content-Range"] == "bytes 10-19/100"
    beyond = await host.client.get("/view?filename=a.mp4", headers={"Range": "bytes=500-"})
    assert beyond.status == 416


async def test_a_known_file_is_not_sent_again(host: Host) -> None:
    host.put("output/a.png", picture())
    for query in ("filename=a.png", "filename=a.png&preview=webp"):
        first = await host.client.get(f"/view?{query}")
        headers = {"If-None-Match": first.headers["ETag"]}
        again = await host.client.get(f"/view?{query}", headers=headers)
        assert again.status == 304
        assert await again.read() == b""


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("filename=", 400),
        ("filename=a.png&type=other", 400),
        ("filename=missing.png", 404),
        ("filename=a.png&preview=gif", 400),
        ("filename=a.png&preview=webp;101", 400),
        ("filename=a.png&preview=webp;0", 400),
        ("filename=a.png&preview=webp;x", 400),
        ("filename=a.png&channel=b", 400),
        ("filename=no_picture.png&preview=webp", 400),
        ("filename=" + "x" * 300, 404),
    ],
)
async def test_a_bad_view_is_explained(host: Host, query: str, status: int) -> None:
    host.put("output/a.png", picture())
    host.put("output/no_picture.png", b"text")
    answer = await host.client.get(f"/view?{query}")
    assert answer.status == status
    assert (await answer.json())["error"]["message"]


@pytest.mark.parametrize(("kind", "mode"), [("webp", "RGBA"), ("jpeg", "RGB")])
async def test_a_preview_is_smaller_and_of_the_asked_kind(host: Host, kind: str, mode: str) -> None:
    host.put("output/a.png", picture((64, 48), "RGBA"))
    found = opened(await view(host, f"filename=a.png&preview={kind};80"))
    assert (found.format or "").lower() == kind
    assert found.size == (64, 48)
    assert found.mode == mode
    plain = opened(await view(host, f"filename=a.png&preview={kind}&channel=rgb"))
    assert plain.mode == "RGB"


async def test_the_quality_of_a_preview_counts(host: Host) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    noise.save(host.put("output/a.png"), "PNG")
    low = await view(host, "filename=a.png&preview=jpeg;10")
    assert len(low) < len(await view(host, "filename=a.png&preview=jpeg;95"))


async def test_channels_are_told_apart(host: Host) -> None:
    host.put("output/a.png", picture(mode="RGBA"))
    colours = opened(await view(host, "filename=a.png&channel=rgb"))
    assert (colours.mode, colours.getpixel((0, 0))) == ("RGB", (200, 100, 50))
    alpha = opened(await view(host, "filename=a.png&channel=a"))
    assert (alpha.mode, alpha.getpixel((0, 0))) == ("RGBA", (0, 0, 0, 128))
    same = await view(host, "filename=a.png&channel=rgba")
    assert same == (host.base / "output/a.png").read_bytes()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_an_upload_is_saved_and_viewed(host: Host, prefix: str) -> None:
    content = picture()
    answer = await host.client.post(f"{prefix}/upload/image", data=form(content, "a.png"))
    assert await answer.json() == {"name": "a.png", "subfolder": "", "type": "input"}
    assert await view(host, "filename=a.png&type=input") == content


async def test_an_equal_upload_is_used_again_and_another_kept_beside(host: Host) -> None:
    first, second, third = (picture((n, 2)) for n in (1, 2, 3))
    assert (await upload(host, first, "a.png"))["name"] == "a.png"
    assert (await upload(host, second, "a.png"))["name"] == "a (1).png"
    assert (await upload(host, third, "a.png"))["name"] == "a (2).png"
    assert (await upload(host, second, "a.png"))["name"] == "a (1).png"
    assert (await upload(host, first, "a.png"))["name"] == "a.png"
    assert sorted(p.name for p in (host.base / "input").iterdir()) == [
        "a (1).png",
        "a (2).png",
        "a.png",
    ]


@pytest.mark.parametrize("word", ["true", "1"])
async def test_overwrite_replaces(host: Host, word: str) -> None:
    await upload(host, picture((1, 1)), "a.png")
    content = picture((2, 2))
    assert (await upload(host, content, "a.png", overwrite=word))["name"] == "a.png"
    assert (host.base / "input/a.png").read_bytes() == content
    assert len(list((host.base / "input").iterdir())) == 1


async def test_an_upload_goes_where_it_is_told(host: Host) -> None:
    answer = await upload(host, picture(), "dir/a.png", type="temp", subfolder="x/y")
    assert answer == {"name": "a.png", "subfolder": "x/y", "type": "temp"}
    assert (host.base / "temp/x/y/a.png").is_file()


async def test_files_that_are_no_pictures_are_taken_as_they_are(host: Host) -> None:
    assert (await upload(host, b"RIFF", "a.wav"))["name"] == "a.wav"
    assert (await upload(host, b"glTF", "a.glb", subfolder="3d"))["subfolder"] == "3d"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"image": "no file"},
        {"other": "x"},
    ],
)
async def test_a_form_without_a_file_is_refused(host: Host, data: dict[str, str]) -> None:
    fields = FormData(data or {"x": "y"}, default_to_multipart=True)
    answer = await host.client.post("/upload/image", data=fields)
    assert answer.status == 400
    assert (await answer.json())["error"]["message"]


@pytest.mark.parametrize("name", ["", ".", "..", " ", "a" * 300, "a\u202eb.png", "dir/"])
async def test_an_unusable_name_is_refused(host: Host, name: str) -> None:
    answer = await host.client.post("/upload/image", data=form(picture(), name))
    assert answer.status in (400, 403)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("text/plain", b"x", 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n" + b"x" * 100, 400),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: multipart/mixed\r\n\r\n--b--", 400),
    ],
)
async def test_a_damaged_form_is_refused(
    host: Host, content_type: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": content_type}
    answer = await host.client.post("/upload/image", data=body, headers=headers)
    assert answer.status == status


async def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.bin"\r\n\r\n'
        for _ in range(101):
            yield b"x" * (1 << 20)
        yield b"\r\n--b--\r\n"

    async with hosted(tmp_path) as host:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await host.client.post("/upload/image", data=body(), headers=headers)
        assert answer.status == 413
        assert "100 MiB" in (await answer.json())["error"]["message"]
        assert list((tmp_path / "input").iterdir()) == []


async def test_an_upload_that_says_it_is_too_large_is_refused_at_once(tmp_path: Path) -> None:
    async with hosted(tmp_path, max_upload_bytes=1000) as host:
        answer = await host.client.post("/upload/image", data=form(b"x" * 100_000, "a.bin"))
        assert answer.status == 413


async def test_a_mask_becomes_the_alpha_of_the_original(host: Host) -> None:
    texts = PngInfo()
    texts.add_text("prompt", '{"1": {}}')
    Image.new("RGB", (4, 3), (1, 2, 3)).save(host.put("output/o.png"), "PNG", pnginfo=texts)
    data = form(picture(mode="RGBA"), "m.png", original_ref='{"filename": "o.png"}')
    answer = await host.client.post("/upload/mask", data=data)
    assert await answer.json() == {"name": "m.png", "subfolder": "", "type": "input"}
    saved = opened(await view(host, "filename=m.png&type=input"))
    assert saved.getpixel((0, 0)) == (1, 2, 3, 128)
    assert saved.text == {"prompt": '{"1": {}}'}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ("", 400),
        ("{}", 400),
        ("[1]", 400),
        ('{"filename": "missing.png"}', 404),
        ('{"filename": "../o.png"}', 403),
        ('{"filename": "o.png", "type": "user"}', 400),
        ('{"filename": "other_size.png"}', 400),
        ('{"filename": "text.png"}', 400),
    ],
)
async def test_a_mask_of_nothing_is_refused(host: Host, reference: str, status: int) -> None:
    host.put("output/other_size.png", picture((9, 9)))
    host.put("output/text.png", b"text")
    data = form(picture(mode="RGBA"), "m.png", original_ref=reference)
    answer = await host.client.post("/upload/mask", data=data)
    assert answer.status == status
    assert list((host.base / "input").iterdir()) == []


@pytest.mark.parametrize("ending", [".gz", ".br"])
async def test_a_compressed_file_of_a_similar_name_is_not_sent_instead(
    host: Host, ending: str
) -> None:
    for folder, address in (
        ("output", "/view?filename=a.txt"),
        ("user/default", "/userdata/a.txt"),
    ):
        host.put(f"{folder}/a.txt", b"the file itself")
        host.put(f"{folder}/a.txt{ending}", b"another file")
        answer = await host.client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert await answer.read() == b"the file itself"
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("address", ["/view?filename=a.png", "/view?filename=a.png&preview=webp"])
async def test_a_picture_replaced_under_a_clock_that_was_set_back_is_sent_anew(
    host: Host, address: str
) -> None:
    path = host.put("output/a.png", picture((8, 8)))
    first = await host.client.get(address)
    known = {"If-None-Match": first.headers["ETag"]}
    if "Last-Modified" in first.headers:
        known["If-Modified-Since"] = first.headers["Last-Modified"]
    assert (await host.client.get(address, headers=known)).status == 304
    path.write_bytes(picture((5, 5)))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    again = await host.client.get(address, headers=known)
    assert again.status == 200
    assert opened(await again.read()).size == (5, 5)
