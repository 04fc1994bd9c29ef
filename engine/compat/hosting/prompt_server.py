"""`PromptServer.instance`: routes and messages of packs.

Packs run in a worker, so their routes are collected here and hosted by the worker, and their
messages go over the host's link.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aiohttp import web

from engine.compat.hosting.missing import Facade, NotOfferedError
from engine.registry.running import current_context

if TYPE_CHECKING:
    from engine.compat.host import Host

OnPrompt = Callable[[dict[str, Any]], dict[str, Any]]

_log = logging.getLogger(__name__)


class PromptServer(Facade):
    """What packs find as the server.

    Attributes:
        routes: Where packs declare HTTP routes; `host_routes` puts them into `app`.
        app: Packs may add routes and static folders here, too.
        on_prompt_handlers: See `add_on_prompt_handler`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.routes = web.RouteTableDef()
        self.app = web.Application(client_max_size=host.link.max_body_bytes)
        self.on_prompt_handlers: list[OnPrompt] = []

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that hosts the routes; it runs once all packs are imported.

        Packs may give it tasks before.
        """
        return asyncio.new_event_loop()

    @property
    def client_id(self) -> str | None:
        """The client whose job runs."""
        return self._host.link.client_id

    @property
    def last_node_id(self) -> str | None:
        """The running node."""
        context = current_context()
        return None if context is None else context.node_id

    @property
    def last_prompt_id(self) -> str | None:
        """The running job."""
        context = current_context()
        return None if context is None else context.prompt_id

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        """Send JSON data to one client, or to all; from any thread.

        Raises: NotOfferedError, for binary messages; TypeError, when `data` is no JSON.
        """
        if not isinstance(event, str):
            raise NotOfferedError(f"PromptServer.send_sync of the binary message {event!r}")
        self._host.link.broadcast(event, data, sid)

    async def send(self, event: str, data: Any, sid: str | None = None) -> None:
        """As `send_sync`."""
        self.send_sync(event, data, sid)

    send_json = send

    def send_progress_text(self, text: str, node_id: str, sid: str | None = None) -> None:
        """Show a text on a node."""
        self.send_sync("progress_text", {"nodeId": node_id, "text": text}, sid)

    def add_on_prompt_handler(self, handler: OnPrompt) -> None:
        """Let a function change the JSON of each /prompt request before it is queued."""
        self.on_prompt_handlers.append(handler)

    def trigger_on_prompt(self, json_data: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON of a /prompt request after all handlers; one that fails is left out."""
        for handler in self.on_prompt_handlers:
            try:
                json_data = handler(json_data)
            except Exception:  # noqa: BLE001 - a pack's code; the artist's job must not fail for it
                _log.exception("a pack's on-prompt handler failed and was passed over")
        return json_data


class InstanceOfHost(type):
    """Metaclass that answers `instance` with the installed host's server."""

    @property
    def instance(cls) -> PromptServer:
        """The server of the installed host. Raises: LookupError."""
        from engine.compat.host import current

        return current().server
