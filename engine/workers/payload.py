"""JSON text of what travels inside messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.workers.wire import Json


class UnshowableError(EngineError):
    """A node shows something that JSON cannot hold."""

    code = "unshowable"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"A value cannot be sent to a browser: {problem}.")


def encode_json(value: Any) -> Json:
    """Return JSON for browsers: NaN and infinite numbers, which they cannot read, become null.

    Raises: UnshowableError.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except OverflowError:  # a whole number beyond 64 bits
        return _encode_huge(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnshowableError(str(error)) from error


def _encode_huge(value: Any) -> Json:
    try:
        return json.dumps(value, default=_plain, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnshowableError(str(error)) from error


def encode_prompt(value: Mapping[str, Any]) -> Json:
    """Return the JSON of a prompt or workflow as it is: NaN stays NaN, as ComfyUI writes it."""
    return json.dumps(value).encode()


def _plain(value: Any) -> Any:
    """Return what is meant by values that only look like JSON: numpy scalars, paths, mappings."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
