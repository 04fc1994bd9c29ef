"""The one place where names from requests become paths; `ModelFolders` does the resolving."""

from __future__ import annotations

import re
from pathlib import Path

from engine.models.folders import ModelFolders, inside
from engine.server.answers import RequestError

DIRECTORIES = ("input", "output", "temp")
_ANNOTATED = re.compile(r"^(.*\S)\s*\[(input|output|temp)\]$", re.DOTALL)
_NAME_BYTES = 240  # file systems take 255; " (12)" and a temporary suffix must fit as well


def picture_file(folders: ModelFolders, name: str, kind: str, subfolder: str) -> Path:
    """Return an existing file of input, output or temp.

    Args:
        name: May end with " [input]", " [output]" or " [temp]", which then wins over `kind`.

    Raises: RequestError (bad name or kind), ForbiddenPathError, MissingFileError.
    """
    annotated = _ANNOTATED.match(name)
    if annotated:
        name, kind = annotated[1], annotated[2]
    _check_kind(kind)
    if not name:
        raise RequestError('The parameter "filename" is missing.')
    return folders.resolve(kind, f"{subfolder}/{name}" if subfolder else name).resolve()


def new_file(folders: ModelFolders, name: str, kind: str, subfolder: str) -> Path:
    """Return where an uploaded file goes; only the last part of `name` counts.

    Raises: RequestError, ForbiddenPathError.
    """
    _check_kind(kind)
    name = re.split(r"[/\\]", name)[-1]
    check_file_name(name)
    return folders.place(kind, f"{subfolder}/{name}" if subfolder else name)


def check_file_name(name: str) -> None:
    """Refuse names that no file should have. Raises: RequestError."""
    if not name.strip() or name.strip() in (".", ".."):
        raise RequestError("The file has no name.")
    if not name.isprintable():
        raise RequestError("A file name may not hold control characters or line breaks.")
    if len(name.encode("utf-8", "surrogateescape")) > _NAME_BYTES:
        raise RequestError(f"The file name is longer than {_NAME_BYTES} bytes.")


def user_root(folders: ModelFolders, user: str) -> Path:
    """Return the folder of a user's settings and workflows. Raises: ForbiddenPathError."""
    return folders.place("user", user)


def user_file(root: Path, name: str) -> Path:
    """Return the path of a user's file or folder, there or not.

    Raises: RequestError, ForbiddenPathError.
    """
    for part in re.split(r"[/\\]", name):
        if part and not part.isprintable():
            raise RequestError("A file name may not hold control characters or line breaks.")
    return inside(root, name, "user file")


def _check_kind(kind: str) -> None:
    if kind not in DIRECTORIES:
        raise RequestError(f'"type" must be one of {", ".join(DIRECTORIES)}.')
