"""`Settings` as plain values, for the way to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.settings import Settings
from engine.workers.wire import WireError


def write_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain values; `read_settings` reads equal ones back."""
    values: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    return values


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Return settings from plain values. Raises: WireError."""
    try:
        return msgspec.convert(values, Settings, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise WireError(f"the settings are not understood ({error})") from error


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"expected a {kind.__name__}, got {value!r}")
