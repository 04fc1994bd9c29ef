"""How news of jobs reaches the browsers; the WebSocket hub implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

NOBODY = ""
"""The client id of no socket: such a message is noted, but sent to nobody."""


class Publisher(Protocol):
    """Takes messages and returns at once, however slow the clients are.

    client_id: Whose socket gets it; None means all sockets.
    """

    def send(self, kind: str, data: dict[str, Any], *, client_id: str | None) -> None:
        """Send a JSON message of contract §3.1."""
        ...

    def preview(
        self,
        image_type: str,
        image: bytes,
        meta: Mapping[str, Any],
        *,
        client_id: str | None,
        is_result: bool = False,
    ) -> None:
        """Send a picture of work in progress; `image_type` is "image/jpeg" or "image/png".

        A slow client may miss one, but never a result.
        """
        ...

    def client_connected(self, client_id: str) -> bool:
        """Tell whether a client has a socket."""
        ...
