"""Small tools of node packs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from PIL import ImageFile, UnidentifiedImageError

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)

T = TypeVar("T")


def conditioning_set_values(
    conditioning: list[Any], values: Mapping[str, Any] | None = None, append: bool = False
) -> list[Any]:
    """Return conditioning with values set in each entry's dict; the input stays as it is.

    Args:
        append: Values that are lists go behind those that are there.
    """
    changed = []
    for tensor, keys in conditioning:
        copy = dict(keys)
        for name, value in (values or {}).items():
            old = copy.get(name)
            copy[name] = [*old, *value] if append and old is not None else value
        changed.append([tensor, copy])
    return changed


def pillow(fn: Callable[[Any], T], arg: Any) -> T:
    """Call a Pillow function; when a picture file is cut short, once more with what is there."""
    try:
        return fn(arg)
    except (OSError, UnidentifiedImageError, ValueError):
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return fn(arg)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
