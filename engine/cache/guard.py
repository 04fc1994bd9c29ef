"""Notices nodes that write into their inputs: cached values are shared by every run that follows.

It reads all input tensors twice, so it is for tests and for finding a guilty pack, not for
every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.cache.fingerprint import Parts, fingerprint


class InputGuard:
    """Remembers the content of a node's inputs from before its call.

    Content is compared in lists, dicts, tuples, tensors and arrays; other objects by identity.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = dict(inputs)
        self._before = {name: _content(value) for name, value in self._inputs.items()}

    def changed(self) -> list[str]:
        """Return the names of inputs whose content is no longer what it was."""
        now = {name: _content(value) for name, value in self._inputs.items()}
        return [name for name, content in now.items() if content != self._before[name]]


def _content(value: object) -> str:
    return fingerprint(value, opaque=_by_identity)


def _by_identity(value: Any) -> Parts:
    return "object", str(id(value)).encode(), ()
