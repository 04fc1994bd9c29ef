"""The server as packs know it: `PromptServer.instance`."""

from __future__ import annotations

from typing import Any

from protocol import BinaryEventTypes  # type: ignore[import-not-found]  # beside this file for packs

from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.prompt_server import InstanceOfHost

__all__ = ["BinaryEventTypes", "PromptServer"]
__getattr__ = unoffered(__name__)


class PromptServer(metaclass=InstanceOfHost):
    """Holds `instance`, the server of the installed host."""

    instance: Any
