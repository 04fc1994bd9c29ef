"""Texts in files: what is written is read back, and hostile texts do no harm."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import FileFormatError, InvalidValueError
from engine.imaging.embedding import metadata_texts
from engine.imaging.encoding import (
    WebpQuality,
    write_animated_png,
    write_animated_webp,
    write_png,
)
from engine.imaging.metadata import MAX_TEXT_BYTES, read_metadata

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text(), json_values, max_size=4)


def pictures(count: int = 1) -> list[Image.Image]:
    return [Image.new("RGB", (4, 4), (number * 60, 0, 0)) for number in range(count)]


def written(container: str, texts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    if container == "png":
        write_png(pictures()[0], file, texts)
    elif container == "apng":
        write_animated_png(pictures(3), file, texts, fps=6)
    else:
        write_animated_webp(pictures(3), file, texts, 6, WebpQuality(True, 80, 0))
    return file.getvalue()


def png_with(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", size) + kind + body + b"\0\0\0\0"


@pytest.mark.parametrize("container", ["png", "apng", "webp"])
@given(prompt=documents, workflow=documents)
def test_prompt_and_workflow_survive(
    container: str, prompt: dict[str, Any], workflow: dict[str, Any]
) -> None:
    texts = metadata_texts(prompt, {"workflow": workflow, "more": {"a": [1, 2]}})
    found = read_metadata(written(container, texts))
    assert {key: json.loads(text) for key, text in found.items()} == {
        **({"prompt": prompt} if prompt else {}),
        "workflow": workflow,
        "more": {"a": [1, 2]},
    }


@pytest.mark.parametrize("container", ["png", "apng", "webp"])
def test_a_megabyte_with_chinese_and_quotes_survives(container: str) -> None:
    workflow = {"text": '画一只"猫"\\ \u0000\n' * 40_000}
    assert len(json.dumps(workflow)) > 1 << 20
    found = read_metadata(written(container, metadata_texts({}, {"workflow": workflow})))
    assert json.loads(found["workflow"]) == workflow


def test_the_workflow_comes_first() -> None:
    texts = {"other": "{}", "parameters": "a cat", "prompt": "{}", "workflow": "{}"}
    found = read_metadata(written("png", texts))
    assert list(found) == ["workflow", "prompt", "parameters", "other"]


def test_pngs_carry_text_chunks_where_other_programs_look(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(written("png", {"prompt": '{"1":{}}'}))
    with Image.open(path) as picture:
        assert picture.info["prompt"] == '{"1":{}}'


def test_webp_keeps_the_prompt_at_the_model_tag() -> None:
    content = written("webp", {"prompt": "{}", "a": "{}", "workflow": '{"n":1}'})
    with Image.open(io.BytesIO(content)) as picture:
        exif = picture.getexif()
    assert exif[0x0110] == "prompt:{}"
    assert exif[0x010F] == 'workflow:{"n":1}'
    assert exif[0x010E] == "a:{}"


def test_texts_of_other_programs_are_read() -> None:
    info = PngInfo()
    info.add_itxt("workflow", '{"a":"猫"}', zip=True)
    info.add_itxt("prompt", '{"b":"犬"}')
    info.add_text("parameters", "a cat, steps: 20", zip=True)
    file = io.BytesIO()
    pictures()[0].save(file, "PNG", pnginfo=info)
    assert read_metadata(file.getvalue()) == {
        "workflow": '{"a":"猫"}',
        "prompt": '{"b":"犬"}',
        "parameters": "a cat, steps: 20",
    }


def test_a_cameras_own_entries_are_no_workflow() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker: fine cameras", "Model"
    file = io.BytesIO()
    pictures()[0].save(file, "WEBP", exif=exif.tobytes())
    assert read_metadata(file.getvalue()) == {}


def test_safetensors_headers_are_read(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"prompt": "{}"}, "t": {"dtype": "F32"}}).encode()
    path = tmp_path / "a.latent"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    assert read_metadata(path) == {"prompt": "{}"}


@pytest.mark.parametrize("header", [b'{"__metadata__":{"a":"\xdd"}}', b"{"])
def test_a_damaged_safetensors_header_is_told(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(FileFormatError, match="header is damaged"):
        read_metadata(path)


@pytest.mark.parametrize("content", [b"", b"a text", b"\xff\xd8\xff\xe0JFIF", b"\x89PNG\r\n\x1a\n"])
def test_a_file_without_texts_gives_nothing(content: bytes) -> None:
    assert read_metadata(content) == {}


@pytest.mark.parametrize(
    "content",
    [
        png_with(b"tEXt", b"workflow\0{}", length=2**31 - 1),
        png_with(b"tEXt", b"workflow\0{}", length=2000),
        png_with(b"zTXt", b"workflow\0\0not deflated"),
        png_with(b"zTXt", b"workflow\0\0" + zlib.compress(b" " * (MAX_TEXT_BYTES + 1))),
        png_with(b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(b" " * (MAX_TEXT_BYTES + 1))),
        b"RIFF\0\0\0\0WEBPEXIF\xff\xff\xff\x7f",
        struct.pack("<Q", 2**60) + b'{"__metadata__":{}}',
        struct.pack("<Q", 19) + b'{"__metadata__":[]}',
        struct.pack("<Q", 100_006) + b'{"a":' + b"[" * 100_000 + b"}",
    ],
)
def test_hostile_texts_give_one_clear_error(content: bytes) -> None:
    with pytest.raises(FileFormatError):
        read_metadata(content)


@given(st.binary(max_size=200))
def test_random_bytes_in_a_png_or_webp_never_crash(noise: bytes) -> None:
    for start in (b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPEXIF\x80\0\0\0"):
        try:
            found = read_metadata(start + noise)
        except FileFormatError:
            continue
        assert all(isinstance(text, str) for text in found.values())


@pytest.mark.parametrize("extra", [{"键": {}}, {"": {}}, {"a" * 80: {}}, {"a\0b": {}}])
def test_keys_that_no_png_can_hold_are_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match="79 ASCII"):
        metadata_texts({}, extra)


def test_values_that_are_no_json_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="JSON"):
        metadata_texts({"1": object()}, {})
