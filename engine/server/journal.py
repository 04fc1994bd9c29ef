"""What the editor writes down while an artist works, so that no crash loses more than a second.

Each open document has a folder with a few versions. A version is a file of JSON lines: whose it
is, the whole document as it was, then one line for each edit. Lines are only ever appended; a
line that a crash cut off is ignored by the reader and removed by the next writer.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from engine.server.answers import RequestError
from engine.server.receiving import write_file

KEPT_VERSIONS = 5
KEPT_JOURNALS = 100
KEPT_BYTES = 512 << 20
VERSION_BYTES = 32 << 20
"""A longer one is begun anew with the whole document."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_TORN = (msgspec.DecodeError, UnicodeError, RecursionError)


class JournalGapError(RequestError):
    """An edit does not follow the last one that is here; the whole document is needed."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(
            f"Edit {got} does not follow edit {expected - 1}; send the whole document.",
            status=409,
            kind="journal_gap",
        )


class JournalHead(msgspec.Struct):
    """Whose journal it is; the editor's words, shown in lists."""

    title: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A document in the list of journals.

    Attributes:
        modified: Unix time of the last edit, seconds.
        versions: Numbers of the versions, the newest first.
    """

    id: str
    title: str
    file: str | None
    modified: float
    size: int
    versions: list[int]


class Journals:
    """Reads and writes journals of several users; safe to call from several threads."""

    def __init__(self) -> None:
        self._lines: dict[Path, int] = {}  # files that are written: how many lines they have
        self._lock = threading.Lock()

    def entries(self, root: Path) -> list[JournalEntry]:
        """List a user's journals, the last edited first."""
        found = [_entry(folder) for folder in _folders(root)]
        return sorted(filter(None, found), key=lambda entry: -entry.modified)

    def begin(self, root: Path, journal: str, head: JournalHead, document: Any) -> int:
        """Write the whole document as a new version; return its number."""
        folder = _folder(root, journal)
        with self._lock:
            version = max(_versions(folder), default=0) + 1
            path = _path(folder, version)
            content = b"".join(msgspec.json.encode(line) + b"\n" for line in (head, document))
            write_file(path, content, overwrite=False)
            self._lines[path] = 2
            for old in _versions(folder)[KEPT_VERSIONS:]:
                self._forget(_path(folder, old))
            self._make_room(root, keep=folder)
        return version

    def append(self, root: Path, journal: str, version: int, number: int, edit: Any) -> None:
        """Write down edit `number` (from 0) of a version.

        Raises: JournalGapError; RequestError (413), when the version is long enough.
        """
        path = _path(_folder(root, journal), version)
        line = msgspec.json.encode(edit) + b"\n"
        with self._lock:
            expected = self._expected(path)
            if number != expected:
                raise JournalGapError(expected, number)
            if path.stat().st_size + len(line) > VERSION_BYTES:
                raise RequestError(
                    "This version is long enough; send the whole document.",
                    status=413,
                    kind="journal_full",
                )
            with path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self._lines[path] += 1

    def read(self, root: Path, journal: str, version: int | None) -> Mapping[str, Any]:
        """Return a version, the newest without a number. Raises: RequestError (404)."""
        folder = _folder(root, journal)
        version = max(_versions(folder), default=0) if version is None else version
        path = _path(folder, version)
        lines = _whole_lines(path.read_bytes()) if path.is_file() else []
        if len(lines) < 2:
            raise RequestError("There is no such journal.", status=404, kind="not_found")
        head, document, *edits = (msgspec.json.decode(line) for line in lines)
        return {"version": version, "head": head, "document": document, "edits": edits}

    def delete(self, root: Path, journal: str) -> None:
        """Forget a journal; nothing happens when there is none."""
        folder = _folder(root, journal)
        with self._lock:
            for version in _versions(folder):
                self._forget(_path(folder, version))
            shutil.rmtree(folder, ignore_errors=True)

    def _expected(self, path: Path) -> int:
        """Return the number of the next edit, removing a line that a crash cut off."""
        if not path.is_file():
            raise JournalGapError(0, 0)
        if path not in self._lines:
            content = path.read_bytes()
            lines = _whole_lines(content)
            whole = sum(len(line) + 1 for line in lines)
            if whole < len(content):
                os.truncate(path, whole)
            self._lines[path] = len(lines)
        return self._lines[path] - 2

    def _forget(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._lines.pop(path, None)

    def _make_room(self, root: Path, keep: Path) -> None:
        """Forget the journals that were not edited for longest."""
        total = 0
        for place, entry in enumerate(self.entries(root)):
            total += entry.size
            folder = _folder(root, entry.id)
            if folder != keep and (place >= KEPT_JOURNALS or total > KEPT_BYTES):
                for version in entry.versions:
                    self._forget(_path(folder, version))
                shutil.rmtree(folder, ignore_errors=True)


def _folder(root: Path, journal: str) -> Path:
    if not _ID.fullmatch(journal):
        raise RequestError("The id of a journal has 1 to 64 letters, digits and hyphens.")
    return root / "journal" / journal


def _folders(root: Path) -> list[Path]:
    folder = root / "journal"
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and _ID.fullmatch(path.name)]


def _path(folder: Path, version: int) -> Path:
    return folder / f"{version}.jsonl"


def _versions(folder: Path) -> list[int]:
    """Return the numbers of a journal's versions, the newest first."""
    names = [path.stem for path in folder.glob("*.jsonl")]
    return sorted((int(n) for n in names if n.isascii() and n.isdigit()), reverse=True)


def _entry(folder: Path) -> JournalEntry | None:
    """Return what the list shows of a journal; None when nothing of it can be read."""
    versions = _versions(folder)
    for version in versions:
        path = _path(folder, version)
        try:
            with path.open("rb") as file:
                head = msgspec.json.decode(file.readline(1 << 16), type=JournalHead)
            modified = path.stat().st_mtime
            size = sum(_path(folder, each).stat().st_size for each in versions)
        except (*_TORN, FileNotFoundError):  # damaged, or removed a moment ago
            continue
        return JournalEntry(folder.name, head.title, head.file, modified, size, versions)
    return None


def _whole_lines(content: bytes) -> list[bytes]:
    """Return the lines up to the first that is cut off or damaged."""
    lines = []
    for line in content.split(b"\n")[:-1]:
        try:
            msgspec.json.decode(line)
        except _TORN:
            break
        lines.append(line)
    return lines
