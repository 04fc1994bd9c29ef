"""Numbered result files that appear complete or not at all, and never replace another file.

A file is written under a temporary name in its folder, flushed to the disk, then linked to its
final name. Linking fails when the name is taken, so two runs that save at once get two numbers.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePath
from typing import BinaryIO, Self

from engine.errors import EngineError, ForbiddenPathError, shorten
from engine.faultpoints import reach
from engine.unfinished import unfinished

_FORBIDDEN_CHARACTERS = re.compile((r'[<>:"|?*' if os.name == "nt" else "[") + r"\x00-\x1f\x7f]")
"""What the system cannot store, and control characters: a listing would send them on."""

_HINTS: dict[int | None, str] = {
    errno.ENOSPC: "Free some space or choose another folder, then run again.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


class SaveError(EngineError):
    """A result could not be written; nothing of it is left behind.

    Attributes:
        path: The file, without its number.
        reason: The system's words.
    """

    code = "save_failed"

    def __init__(self, folder: Path, name: str, cause: OSError) -> None:
        self.path, self.reason = folder / name, cause.strerror or str(cause)
        hint = _HINTS.get(cause.errno, "Choose another folder, then run again.")
        super().__init__(
            f'File {shorten(name)} could not be written to "{folder}": {self.reason}. {hint}'
        )


class SavePath:
    """Names `<prefix>_<00001>_<suffix>` in one folder, each used once.

    Attributes:
        folder: Where files go; made when the first one is written.
        subfolder: `folder` relative to the root, as clients ask for it; "" for the root.
        prefix: File name part before the number.
    """

    def __init__(self, folder: Path, subfolder: str, prefix: str) -> None:
        self.folder, self.subfolder, self.prefix = folder, subfolder, prefix
        self._next: int | None = None

    @classmethod
    def of(
        cls,
        root: Path,
        prefix: str,
        width: int = 0,
        height: int = 0,
        now: datetime | None = None,
    ) -> Self:
        """Plan names for a prefix that may hold subfolders and placeholders.

        Args:
            root: The folder that must not be left.
            prefix: With `%width%`, `%height%`, `%year%`, `%month%`, `%day%`, `%hour%`,
                `%minute%`, `%second%`, and `%batch_num%` for each file's place in its batch.
            width: Pixels.
            height: Pixels.
            now: The time that is filled in; None takes the clock's.

        Raises: ForbiddenPathError, when the prefix, links resolved, leads out of `root`.
        """
        text = _fill_in(prefix, width, height, now or datetime.now().astimezone())
        # Workflows travel: a backslash parts folders on every system, as it does on Windows.
        filled = PurePath(text.replace("\\", "/"))
        root = root.resolve()
        target = root.joinpath(*(_sanitise(part) for part in filled.parts))
        if not filled.parts or prefix.endswith(("/", "\\")):
            folder, name = target, ""
        else:
            folder, name = target.parent, target.name
        folder = folder.resolve()
        if name == ".." or not folder.is_relative_to(root):
            raise ForbiddenPathError("filename prefix", prefix)
        subfolder = folder.relative_to(root).as_posix()
        return cls(folder, "" if subfolder == "." else subfolder, name)

    def next_number(self) -> int:
        """Return one more than the highest number in the folder, which is listed only once."""
        if self._next is None:
            name = re.escape(self.prefix).replace("%batch_num%", "[0-9]+")
            pattern = re.compile(name + "_([0-9]{1,18})_.*", re.DOTALL)
            found = (pattern.fullmatch(entry) for entry in _names(self.folder))
            self._next = 1 + max((int(match[1]) for match in found if match), default=0)
        return self._next

    def write(self, suffix: str, write: Callable[[BinaryIO], None], item: int = 0) -> str:
        """Write one file through `write(file)` and return its name.

        Args:
            suffix: With its dot.
            item: Place in the batch, for `%batch_num%`.

        Raises: SaveError, when the disk is full, read-only …; whatever `write` raises.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with unfinished(self.folder) as temporary:
                with temporary.open("wb") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                reach("file-write")
                return self._publish(temporary, suffix, item)
        except OSError as error:
            raise SaveError(self.folder, self.prefix + suffix, error) from error

    def _publish(self, temporary: Path, suffix: str, item: int) -> str:
        stem = self.prefix.replace("%batch_num%", str(item))
        while True:
            number = self.next_number()
            self._next = number + 1
            name = f"{stem}_{number:05}_{suffix}"
            try:
                _link(temporary, self.folder / name)
            except FileExistsError:
                continue
            reach("file-rename")
            return name


def _link(temporary: Path, final: Path) -> None:
    """Give a finished file its name. Raises: FileExistsError, when the name is taken."""
    try:
        final.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (exFAT, some shares): take the name, then replace it.
        final.open("xb").close()
        try:
            temporary.replace(final)
        except OSError:
            final.unlink()
            raise


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []


def _fill_in(prefix: str, width: int, height: int, now: datetime) -> str:
    values = {
        "width": str(width),
        "height": str(height),
        "year": f"{now.year:04}",
        "month": f"{now.month:02}",
        "day": f"{now.day:02}",
        "hour": f"{now.hour:02}",
        "minute": f"{now.minute:02}",
        "second": f"{now.second:02}",
    }
    return re.sub(r"%(\w+)%", lambda match: values.get(match[1], match[0]), prefix)


def _sanitise(part: str) -> str:
    """Replace only what may not be in a file name."""
    anchor = PurePath(part).anchor
    return part if anchor else _FORBIDDEN_CHARACTERS.sub("_", part)
