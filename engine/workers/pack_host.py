"""What packs reach through their host in a worker: browsers, the stop button, HTTP routes."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from engine.compat.hosting.route_host import HostedRoutes, host_routes
from engine.workers.outbox import Outbox
from engine.workers.payload import encode_json
from engine.workers.pool import WORKER_HEADER
from engine.workers.wire import Broadcast

if TYPE_CHECKING:
    from engine.compat.hosting.prompt_server import PromptServer
    from engine.workers.job import JobDesk

_START_S: Final = 10.0

_logger = logging.getLogger(__name__)


class WorkerLink:
    """Carries packs' messages to the server. Implements `engine.compat.host.HostLink`.

    Attributes:
        jobs: The job desk, once there is one: packs are imported before.
        max_body_bytes: The largest body that packs' routes take.
    """

    def __init__(self, outbox: Outbox, max_body_bytes: int) -> None:
        self.jobs: JobDesk | None = None
        self.max_body_bytes = max_body_bytes
        self._outbox = outbox

    @property
    def client_id(self) -> str | None:
        """The client whose job runs, or None."""
        return self.jobs.client_id if self.jobs is not None else None

    def broadcast(self, event: str, data: Any, sid: str | None) -> None:
        """Send JSON data to one client, or to all when `sid` is None. Raises: UnshowableError."""
        self._outbox.put(Broadcast(event=event, data=encode_json(data), sid=sid))

    def interrupt(self) -> None:
        """Stop the running job."""
        if self.jobs is not None:
            self.jobs.cancel(None)


def start_routes(server: PromptServer, secret: str) -> HostedRoutes | None:
    """Serve the packs' routes in a thread of their own; None when there are none, or they clash.

    A handler that blocks holds up other packs' handlers, never a job or the worker's answers.
    """
    threading.Thread(target=server.loop.run_forever, name="pack routes", daemon=True).start()
    hosting = host_routes(server, WORKER_HEADER, secret)
    try:
        return asyncio.run_coroutine_threadsafe(hosting, server.loop).result(_START_S)
    except Exception:  # packs' own start-up code runs here; the worker serves nodes without routes
        _logger.exception("the packs' HTTP routes cannot be served")
        return None
