"""Reads icon sets as the Iconify project publishes them: one npm package per set.

A package holds `icons.json` (the drawings), `info.json` (title, author, licence) and
`package.json` (version). Source: https://iconify.design/docs/types/iconify-json.html.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.errors import EngineError, FileFormatError

_LARGEST_FILE: Final = 256 << 20
# Names become file names. Source: https://iconify.design/docs/icons/icon-basics.html
_ICON_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class LicenceError(EngineError):
    """An icon set is not under one of the licences that were allowed.

    Attributes:
        licence: Its SPDX identifier.
    """

    code = "licence_not_allowed"

    def __init__(self, title: str, licence: str, allowed: tuple[str, ...]) -> None:
        self.licence = licence
        super().__init__(
            f'The icon set "{title}" is under {licence}; allowed are {", ".join(allowed)}.'
            " Use another set, or allow its licence if your purpose permits it."
        )


@dataclass(frozen=True, slots=True)
class IconSet:
    """An icon set: its drawings, and what must be said about whose they are.

    Attributes:
        prefix: Short name, for instance "noto".
        licence: SPDX identifier.
        svgs: SVG documents by icon name.
    """

    prefix: str
    title: str
    version: str
    licence: str
    licence_url: str
    author: str
    author_url: str
    svgs: Mapping[str, str]

    def require_licence(self, allowed: tuple[str, ...]) -> None:
        """Raises: LicenceError, when the set's licence is none of these SPDX identifiers."""
        if self.licence not in allowed:
            raise LicenceError(self.title, self.licence, allowed)


class _Icon(msgspec.Struct):
    body: str
    width: float | None = None
    height: float | None = None
    left: float | None = None
    top: float | None = None
    hidden: bool = False


class _Icons(msgspec.Struct):
    prefix: str
    icons: dict[str, _Icon]
    width: float = 16
    height: float = 16
    left: float = 0
    top: float = 0


class _Licence(msgspec.Struct):
    title: str
    spdx: str = ""
    url: str = ""


class _Author(msgspec.Struct):
    name: str
    url: str = ""


class _Info(msgspec.Struct):
    name: str
    license: _Licence
    author: _Author


class _Emoji(msgspec.Struct):
    label: str | None = None
    tags: tuple[str, ...] = ()


class _Package(msgspec.Struct):
    version: str
    name: str = ""
    license: str = ""


def read_icon_set(path: Path) -> IconSet:
    """Read an icon set from an npm package: the .tgz of `npm pack`, or its unpacked folder.

    Raises: FileFormatError.
    """
    icons = _decode(path, "icons.json", _Icons)
    odd = next((name for name in icons.icons if not _ICON_NAME.fullmatch(name)), None)
    if odd is not None:
        raise FileFormatError(path, f'its icon "{odd}" has a name that none may have')
    info = _decode(path, "info.json", _Info)
    return IconSet(
        prefix=icons.prefix,
        title=info.name,
        version=_decode(path, "package.json", _Package).version,
        licence=info.license.spdx or info.license.title,
        licence_url=info.license.url,
        author=info.author.name,
        author_url=info.author.url,
        svgs={name: _svg(icon, icons) for name, icon in icons.icons.items() if not icon.hidden},
    )


def read_keywords(path: Path) -> dict[str, tuple[str, ...]]:
    """Return keywords by icon name from an emojibase-data package (.tgz or folder), English.

    Icon names are labels in lower case with "-" for whatever is no letter or digit.
    Source: https://emojibase.dev/docs/datasets.

    Raises: FileFormatError.
    """
    entries: list[_Emoji] = _decode(path, "en/data.json", list[_Emoji])
    return {_slug(entry.label): entry.tags for entry in entries if entry.label is not None}


def keywords_credit(path: Path) -> str:
    """Return what must be said where captions hold words of a package. Raises: FileFormatError."""
    package: _Package = _decode(path, "package.json", _Package)
    return (
        f"Keywords in captions come from the npm package {package.name} {package.version}.\n"
        f"Licence: {package.license}.\n"
    )


def _slug(label: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())


def _svg(icon: _Icon, icons: _Icons) -> str:
    left, top, width, height = (
        getattr(icons, side) if getattr(icon, side) is None else getattr(icon, side)
        for side in ("left", "top", "width", "height")
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="{left} {top} {width} {height}">{icon.body}</svg>'
    )


def _decode(path: Path, name: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(_member(path, name), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FileFormatError(path, f"its {name} is not valid: {error}") from error
    except (OSError, tarfile.TarError, zlib.error, EOFError, KeyError) as error:
        raise FileFormatError(
            path, f"it holds no readable {name}", "Make the file with `npm pack PACKAGE`."
        ) from error


def _member(path: Path, name: str) -> bytes:
    if path.is_dir():
        return (path / name).read_bytes()
    with tarfile.open(path) as archive:
        member = archive.getmember(f"package/{name}")
        if member.size > _LARGEST_FILE:
            raise tarfile.TarError(f"{name} is larger than {_LARGEST_FILE} bytes")
        file = archive.extractfile(member)
        if file is None:
            raise KeyError(name)
        return file.read()
