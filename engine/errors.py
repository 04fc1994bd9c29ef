"""The error tree: every failure Tessera reports on purpose.

A class holds what went wrong as fields and has a stable `code` for clients; the text is built
from the fields and says where, what came, what was expected and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

_REPR_LIMIT = 120


class EngineError(Exception):
    """Base class. `code` is stable across versions and languages; `str(error)` is for people."""

    code: ClassVar[str] = "engine_error"


class RunCancelledError(EngineError):
    """The artist stopped the run. Raised inside nodes by progress reports; not a failure.

    Attributes:
        saved: (step, steps): the node has saved its work at this step of so many, and goes on from
            there when it runs again; None when it begins anew.
    """

    code = "run_cancelled"

    def __init__(self, *, saved: tuple[int, int] | None = None) -> None:
        self.saved = saved
        super().__init__("The run was cancelled.")


class InvalidValueError(EngineError):
    """A value is not what its place accepts.

    Attributes:
        where: The place in words an artist knows, for instance `input "steps"`.
        got: The value that came.
        expected: What would have been accepted.
    """

    code = "invalid_value"

    def __init__(self, where: str, got: object, expected: str, hint: str = "") -> None:
        self.where, self.got, self.expected = where, got, expected
        text = f"{where}: expected {expected}, got {shorten(got)}."
        super().__init__(f"{text} {hint}".rstrip())


class UnknownNameError(EngineError):
    """A name is not among the known ones.

    Attributes:
        kind: What is named: "sampler", "node type", "checkpoint file" …
        name: The name that came.
        suggestion: The nearest known name, or None.
    """

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name = kind, name
        self.suggestion = nearest_name(name, known)
        hint = f' Did you mean "{self.suggestion}"?' if self.suggestion else ""
        super().__init__(f"{kind} {shorten(name)} is not known.{hint}")


class FileFormatError(EngineError):
    """A file is damaged, of another kind than its name says, or hostile.

    Attributes:
        path: The file.
        problem: What is wrong with it, in one clause.
    """

    code = "bad_file"

    def __init__(self, path: Path | str, problem: str, hint: str = "") -> None:
        self.path, self.problem = Path(path), problem
        super().__init__(f'File "{path}": {problem}. {hint}'.rstrip())


class MissingFileError(EngineError):
    """A file that a node names does not exist.

    Attributes:
        kind: What it should be: "checkpoint", "image" …
        name: The name as the workflow gives it.
        looked_in: The folders that were searched.
    """

    code = "missing_file"

    def __init__(
        self, kind: str, name: str, looked_in: Iterable[Path], known: Iterable[str] = ()
    ) -> None:
        self.kind, self.name, self.looked_in = kind, name, tuple(looked_in)
        self.suggestion = nearest_name(name, known)
        hint = f' Did you mean "{self.suggestion}"?' if self.suggestion else ""
        places = ", ".join(str(path) for path in self.looked_in) or "no folder"
        super().__init__(f"{kind} {shorten(name)} was not found in {places}.{hint}")


class ForbiddenPathError(EngineError):
    """A name leads outside the folders it may reach."""

    code = "forbidden_path"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} {shorten(name)} leads outside its folder, which is not allowed.")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, ignoring case, or None when none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


def shorten(value: object, limit: int = _REPR_LIMIT) -> str:
    """Return `repr(value)` cut to `limit` characters, for messages.

    Strings are cut before quoting, so a hostile megabyte costs nothing.
    """
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
