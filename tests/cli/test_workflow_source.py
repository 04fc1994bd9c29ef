from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import pytest

from engine.cli.workflow_source import read_source
from engine.graph.errors import WorkflowFormatError


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_text_bomb_in_a_picture_is_refused_by_the_pictures_name(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(65 << 20), 9)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0" + bomb))
    with pytest.raises(WorkflowFormatError, match=r"bomb\.png.*exceed"):
        read_source(str(path))


def test_the_prompt_of_a_picture_is_taken_before_its_canvas(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    texts = chunk(b"tEXt", b'workflow\0{"nodes": []}') + chunk(b"tEXt", b'prompt\0{"1": {}}')
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + texts)
    assert read_source(str(path)) == {"1": {}}


def test_a_closed_standard_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(WorkflowFormatError, match="standard input: it is closed"):
        read_source("-")
