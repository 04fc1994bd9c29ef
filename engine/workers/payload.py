"""JSON text of what travels inside messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.workers.wire import Json


class UnshowableError(EngineError):
    """A node shows, or a pack sends, something that JSON cannot hold."""

    code = "unshowable"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"A value cannot be sent as JSON: {problem}.")


def encode_json(value: Any) -> Json:
    """Return strict JSON: NaN and infinite numbers, which it does not have, become null.

    Raises: UnshowableError.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnshowableError(str(error)) from error


def _plain(value: Any) -> Any:
    """Return what is meant by values that only look like JSON: numpy scalars, paths, mappings."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
