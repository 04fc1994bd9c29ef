"""Packages of icons and keywords as npm makes them, small enough for tests."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

ICONS = {
    "red-ball": '<circle cx="8" cy="8" r="7" fill="#e01b24"/>',
    "green-box": '<path d="M2 2h12v12H2z" fill="#2ec27e"/>',
    "blue-drops": '<circle cx="5" cy="8" r="4" fill="#1c71d8"/>',
    "arrow-button": '<path d="M0 8h16" stroke="#000"/>',
}


def write_package(path: Path, files: dict[str, Any]) -> Path:
    """Write a .tgz with JSON files below package/."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def icon_package(path: Path, *, spdx: str = "MIT", version: str = "1.2.3") -> Path:
    """Write an icon set of four icons; one more is hidden."""
    icons: dict[str, Any] = {name: {"body": body} for name, body in ICONS.items()}
    icons["gone"] = {"body": "", "hidden": True}
    return write_package(
        path,
        {
            "icons.json": {"prefix": "tiny", "icons": icons, "width": 16, "height": 16},
            "info.json": {
                "name": "Tiny Icons",
                "author": {"name": "A. Person", "url": "https://example.org"},
                "license": {"title": spdx, "spdx": spdx, "url": "https://example.org/licence"},
            },
            "package.json": {"version": version},
        },
    )


def keyword_package(path: Path) -> Path:
    """Write a word list that knows two of the icons."""
    entries = [
        {"label": "red ball", "tags": ["ball", "toy", "round", "play"]},
        {"label": "Blue: drops!", "tags": ["water"]},
        {"hexcode": "no label"},
    ]
    about = {"name": "words", "version": "9.0.0", "license": "MIT"}
    return write_package(path, {"en/data.json": entries, "package.json": about})
