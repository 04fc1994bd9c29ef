"""Reads the optional functions of node types: validation, fingerprint."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from engine.registry.spec import Hook


def read_hook(function: Callable[..., Any] | None, *, takes_all: bool = False) -> Hook | None:
    """Describe a hook by its signature; None stays None.

    Args:
        takes_all: It is given every input even if it names only some. IS_CHANGED is called that
            way, and a signature that rejects an input means "never reuse".
    """
    if function is None:
        return None
    parameters = inspect.signature(function).parameters.values()
    variadic = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = frozenset(p.name for p in parameters if p.kind in kinds)
    return Hook(function, names, takes_all or variadic)
