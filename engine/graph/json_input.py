"""Reads JSON from anywhere: files, PNG text, requests. Hostile input costs one clear error."""

from __future__ import annotations

import json
from typing import Any

from engine.errors import shorten
from engine.graph.errors import WorkflowFormatError

MAX_SIZE = 100 << 20
"""Characters or bytes of one document."""
MAX_DEPTH = 128
"""Lists and objects inside each other; real workflows stay below 20."""

_LEAVES = frozenset({str, float, bool, type(None)})
_MAX_INT = 10**1000  # seeds have 20 digits; Python refuses to print numbers beyond 4,300


def loads(text: str | bytes, where: str) -> Any:
    """Read one JSON document.

    NaN and Infinity are read although JSON has no such numbers: ComfyUI writes them into saved
    prompts (results of IS_CHANGED). A key given twice is refused, for one node would be lost.

    Args:
        text: Text, or bytes in UTF-8, UTF-16 or UTF-32.
        where: The file or request in words, for messages.

    Raises: WorkflowFormatError.
    """
    if len(text) > MAX_SIZE:
        raise WorkflowFormatError(where, f"it is larger than {MAX_SIZE >> 20} MB")
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except _DuplicateKeyError as error:
        raise WorkflowFormatError(where, f"the key {error} appears twice in one object") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WorkflowFormatError(where, f"not valid JSON at {place} ({error.msg})") from error
    except UnicodeDecodeError as error:
        raise WorkflowFormatError(where, "not text: its bytes are no Unicode") from error
    except RecursionError:
        raise WorkflowFormatError(where, _too_deep()) from None
    except ValueError as error:  # a whole number beyond the interpreter's limit of digits
        raise WorkflowFormatError(where, "a number has too many digits") from error
    check_json(document, where)
    return document


def check_json(data: object, where: str) -> None:
    """Check that `data` is plain JSON: known types, keys of text, at most MAX_DEPTH deep.

    Raises: WorkflowFormatError.
    """
    level: list[object] = [data]
    depth = 0
    while level:
        deeper: list[object] = []
        for value in level:
            if isinstance(value, dict):
                _check_keys(value, where)
                deeper += [v for v in value.values() if not _is_plain(v)]
            elif isinstance(value, list):
                deeper += [v for v in value if not _is_plain(v)]
            elif isinstance(value, int) and not -_MAX_INT < value < _MAX_INT:
                raise WorkflowFormatError(where, "a number has too many digits")
            elif not isinstance(value, str | int | float | None):
                raise WorkflowFormatError(where, f"{type(value).__name__} is no JSON value")
        level = deeper
        depth += 1
        if depth > MAX_DEPTH:
            raise WorkflowFormatError(where, _too_deep())


def _is_plain(value: object) -> bool:
    kind = type(value)
    return kind in _LEAVES or (kind is int and -_MAX_INT < value < _MAX_INT)  # type: ignore[operator]


def _check_keys(value: dict[Any, Any], where: str) -> None:
    for key in value:
        if not isinstance(key, str):
            raise WorkflowFormatError(where, f"the key {shorten(key)} is no text")


def _too_deep() -> str:
    return f"lists and objects are nested more than {MAX_DEPTH} levels deep"


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(shorten(key))
            seen.add(key)
    return found
