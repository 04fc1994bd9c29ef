"""`extra_model_paths.yaml`: further folders in which models lie.

The top level holds any number of named sections. A section has an optional `base_path` (`~` and
`$VAR` are expanded; relative to the file), an optional `is_default: true` that puts its folders
first, and folder keys, each with one path or a block of paths, one a line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engine.errors import FileFormatError

_SIZE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class ExtraFolder:
    """A folder a section adds under a folder key; `default` puts it before the others."""

    key: str
    path: Path
    default: bool


def read_extra_paths(file: Path) -> list[ExtraFolder]:
    """List the folders a file adds, in its order.

    Raises: FileFormatError, when it cannot be read or a value has the wrong shape.
    """
    sections = _parse(file)
    return [folder for name, section in sections.items() for folder in _read(file, name, section)]


def _parse(file: Path) -> dict[Any, Any]:
    try:
        if file.stat().st_size > _SIZE_LIMIT:
            raise FileFormatError(file, f"it is larger than {_SIZE_LIMIT} bytes")
        parsed = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(file, f"it cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise FileFormatError(file, f"it is not valid YAML ({reason})") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise FileFormatError(file, "its top level is not a table of named sections")
    return parsed


def _read(file: Path, name: Any, section: Any) -> Iterator[ExtraFolder]:
    if section is None:
        return
    if not isinstance(section, dict):
        raise FileFormatError(file, f'section "{name}" is not a table of folder keys')
    settings = dict(section)
    default = settings.pop("is_default", False)
    if not isinstance(default, bool):
        raise FileFormatError(file, f'section "{name}": "is_default" is neither true nor false')
    base = _expand(file.absolute().parent, settings.pop("base_path", None) or "")
    for key, paths in settings.items():
        if not isinstance(paths, str):
            raise FileFormatError(
                file, f'section "{name}", key "{key}": expected a path or a block of paths'
            )
        lines = (line.strip() for line in paths.splitlines())
        for line in filter(None, lines):
            yield ExtraFolder(str(key), _expand(base, line), default)


def _expand(base: Path, text: object) -> Path:
    path = Path(os.path.expandvars(str(text))).expanduser()
    return Path(os.path.normpath(base / path))
