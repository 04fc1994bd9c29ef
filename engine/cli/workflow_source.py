"""Where `main.py run` takes its workflow from: a JSON file, a picture that carries one, stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from engine.errors import FileFormatError
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import MAX_SIZE, loads
from engine.imaging.metadata import read_metadata

_PICTURES = (b"\x89PNG", b"RIFF")


def read_source(name: str) -> Any:
    """Return the JSON document behind a path, or behind "-" for standard input.

    Of a picture the prompt is taken, since it is exactly what made it; else its canvas workflow.

    Raises: WorkflowFormatError.
    """
    where = "standard input" if name == "-" else f'File "{name}"'
    content = _read(name, where)
    if not content.startswith(_PICTURES):
        return loads(content, where)
    texts = _texts(content, where)
    for key in ("prompt", "workflow"):
        if key in texts:
            return loads(texts[key], f'{where}, its "{key}"')
    raise WorkflowFormatError(where, "this picture carries no workflow")


def _texts(picture: bytes, where: str) -> dict[str, str]:
    try:
        return read_metadata(picture)
    except FileFormatError as error:
        raise WorkflowFormatError(where, error.problem) from error


def _read(name: str, where: str) -> bytes:
    try:
        if name == "-":
            if sys.stdin is None:
                raise WorkflowFormatError(where, "it is closed")
            return sys.stdin.buffer.read(MAX_SIZE + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_SIZE + 1)
    except OSError as error:
        raise WorkflowFormatError(where, f"it cannot be read: {error.strerror}") from error
