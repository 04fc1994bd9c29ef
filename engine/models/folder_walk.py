"""Walks through a model folder, links included, without ever going in circles or on for ever."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAX_FOLDERS: Final = 10_000
"""So many folders are read below one; artists have some hundreds at most."""

_log = logging.getLogger(__name__)


def walk_folder(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (folder, names of its folders, names of its files), each real folder once.

    The caller may take names out of the list of folders. Linked folders come after all others, so
    that a link to a whole disk does not keep the artist's own files from being found. A link to a
    folder that contains the one it lies in is a circle and not followed; neither is ".git".
    """
    seen: set[tuple[int, int]] = set()
    plain, linked = deque([str(root)]), deque[str]()
    while plain or linked:
        folder = plain.popleft() if plain else linked.popleft()
        identity = _identity(folder)
        if identity is None or identity in seen:
            continue
        if len(seen) >= MAX_FOLDERS:
            _log.warning(
                'Folder "%s" holds more than %d folders; files beyond them are not listed. '
                "Perhaps a link in it leads to a whole disk.",
                root,
                MAX_FOLDERS,
            )
            return
        seen.add(identity)
        folders, files = _entries(folder)
        names = sorted(name for name in folders if name != ".git")
        yield folder, names, files
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - paths would double the time
            if not folders[name]:
                plain.append(path)
            elif not _contains(path, folder):
                linked.append(path)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        status = Path(folder).stat()
    except OSError:  # deleted a moment ago
        return None
    return status.st_dev, status.st_ino


def _entries(folder: str) -> tuple[dict[str, bool], list[str]]:
    """Return the folders in a folder, each with whether it is a link, and the other names."""
    folders: dict[str, bool] = {}
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is_folder(entry):
                    folders[entry.name] = entry.is_symlink()
                else:
                    files.append(entry.name)
    except OSError as error:  # not ours to read
        _log.debug('Folder "%s" is not listed: %s', folder, error)
    return folders, files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _contains(link: str, folder: str) -> bool:
    return Path(folder).resolve().is_relative_to(Path(link).resolve())
