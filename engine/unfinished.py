"""Files that are being written, and what killed processes left of them.

A result, an upload or a converted model is written to `.<32 hexadecimal digits>.part` in its
folder, then gets its name in one step. Its writer holds a lock on it, which the system drops with
the process: a file without a lock is nobody's any more. Windows and some file systems know no
such locks; nothing is removed there.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

_NAME: Final = re.compile(r"\.[0-9a-f]{32}\.part")


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Give an empty file to write and rename; what is left of it afterwards is removed.

    Raises: OSError, when the folder takes no file.
    """
    path, lock = _begin(folder)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):  # where nothing can be deleted, nothing was made
            path.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def remove_abandoned(root: Path) -> int:
    """Remove what processes that are gone left below a folder; return how many files.

    Links are not followed.
    """
    removed = 0
    for folder, _, files in os.walk(root):
        removed += sum(_remove(Path(folder, name)) for name in files if _NAME.fullmatch(name))
    return removed


def _begin(folder: Path) -> tuple[Path, int | None]:
    """Return a new file and the handle that locks it, or None where it cannot be locked."""
    while True:
        path = folder / f".{uuid.uuid4().hex}.part"
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        if not _lock(handle):
            os.close(handle)
            return path, None
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # it was taken for abandoned before it was locked


def _remove(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:  # finished in the meantime, or not ours to touch
        return False
    try:
        if not _lock(handle):
            return False
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _lock(handle: int) -> bool:
    """Lock a file without waiting; tell whether that went well."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
