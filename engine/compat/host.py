"""The host that pack modules speak to.

Packs reach their host through plain modules (`folder_paths`, `nodes`, `server` …) that are given
no argument, so the process's one host stands here. Whoever composes an engine installs it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from engine.compat.hosting.missing import refuse_unoffered_modules
from engine.errors import RunCancelledError
from engine.models.folders import ModelFolders
from engine.registry.registry import Registry
from engine.registry.running import current_context
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.compat.hosting.prompt_server import PromptServer

T = TypeVar("T")


class HostLink(Protocol):
    """How packs reach browsers and the run; a worker process implements it."""

    @property
    def client_id(self) -> str | None:
        """The client whose job runs, or None."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """The largest request body that packs' routes take."""
        ...

    def broadcast(self, event: str, data: Any, sid: str | None) -> None:
        """Send JSON data to one client, or to all when `sid` is None; from any thread."""
        ...

    def interrupt(self) -> None:
        """Stop the running job; from any thread."""
        ...


class NoLink:
    """The link where no server is: `main.py run` and tests."""

    client_id: str | None = None
    max_body_bytes: int = 0  # nothing is served

    def broadcast(self, event: str, data: Any, sid: str | None) -> None:
        """Check that `data` is JSON; there is no browser to send it to."""
        json.dumps(data)

    def interrupt(self) -> None:
        """Stop the node that calls, and its run with it. Raises: RunCancelledError."""
        raise RunCancelledError


@dataclass(slots=True)
class Host:
    """Everything pack modules may ask for.

    Attributes:
        services: As nodes get them from their context; empty until an engine is composed.
        web_dirs: `nodes.EXTENSION_WEB_DIRS`: folders of browser files that packs add by hand.
        node_classes: Classes made of built-in node types, by type id.
        preview_method: What a pack has set for its own sampling; "none" shows nothing of it.
    """

    settings: Settings
    folders: ModelFolders
    registry: Registry
    link: HostLink = field(default_factory=NoLink)
    services: Mapping[type, object] = field(default_factory=lambda: MappingProxyType({}))
    web_dirs: dict[str, str] = field(default_factory=dict)
    node_classes: dict[str, type] = field(default_factory=dict)
    preview_method: str | None = None
    _server: PromptServer | None = None

    def service(self, kind: type[T]) -> T:
        """Return a service of the running node's host, or of this one. Raises: LookupError."""
        context = current_context()
        if context is not None:
            return context.service(kind)
        if kind not in self.services:
            raise LookupError(f"this host offers no {kind.__name__} outside of a running node")
        return cast("T", self.services[kind])

    @property
    def server(self) -> PromptServer:
        """The `server.PromptServer.instance` of packs, made when first asked for."""
        if self._server is None:
            from engine.compat.hosting.prompt_server import PromptServer

            self._server = PromptServer(self)
        return self._server


_installed: list[Host] = []


def install(host: Host) -> None:
    """Make a host the one that pack modules speak to, in place of an earlier one."""
    _installed[:] = [host]
    refuse_unoffered_modules()
    # Packs that `import nodes` find the package of the built-in nodes: it answers for the host's
    # symbols, too. setattr, because mypy knows no such attribute.
    setattr(importlib.import_module("nodes"), "__getattr__", _symbol_of_nodes)  # noqa: B010


def _symbol_of_nodes(name: str) -> Any:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module 'nodes' has no attribute {name!r}")
    # Imported here: it needs torch, which packs' prestartup scripts come before.
    from engine.compat.hosting.host_nodes import host_symbol

    return host_symbol(name)


def current() -> Host:
    """Return the installed host. Raises: LookupError."""
    if not _installed:
        raise LookupError("no host is installed, so pack modules have nobody to ask")
    return _installed[0]


def module(name: str) -> Any:
    """Return a module by the name packs import; what they replaced in it is then used."""
    return sys.modules.get(name) or importlib.import_module(name)
