"""The open sockets, by client id, and the messages that go to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from aiohttp import WSCloseCode

from engine.server.ws import messages
from engine.server.ws.connection import Connection
from engine.server.ws.messages import Frame
from engine.server.ws.progress import DELTA_FLAG, INTERVAL_S, PromptProgress

METADATA_FLAG = "supports_preview_metadata"
_LAST_MESSAGES = ("execution_success", "execution_error", "execution_interrupted")


class Hub:
    """Publishes messages; nothing here waits for a client.

    Call it from the event loop's thread.
    """

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._executing: dict[str, tuple[str, str]] = {}  # client id -> (prompt id, node)
        self._progress: dict[str, PromptProgress] = {}
        self._flush_timer: asyncio.TimerHandle | None = None
        self.dropped = 0

    def __len__(self) -> int:
        """Count the open sockets."""
        return len(self._connections)

    def connect(self, connection: Connection, queue_remaining: int) -> None:
        """Add a socket; an older one with the same id is replaced by it.

        It is told the queue's length and, when a prompt of this client runs, at which node it is
        and, a moment later, what became of every node that began.
        """
        older = self._connections.get(connection.sid)
        if older is not None:
            older.drop("The client connected again.", WSCloseCode.GOING_AWAY)
        self._connections[connection.sid] = connection
        for progress in self._progress.values():
            progress.informed.discard(connection.sid)
            if progress.client_id in (None, connection.sid):
                progress.changed.update(progress.nodes)
                self._plan_flush()
        connection.send(messages.status(queue_remaining, connection.sid))
        if connection.sid in self._executing:
            node = self._executing[connection.sid][1]
            connection.send(messages.message("executing", {"node": node}))

    def disconnect(self, connection: Connection) -> None:
        """Forget a socket; nothing happens when another took its place."""
        if self._connections.get(connection.sid) is connection:
            del self._connections[connection.sid]
        self.dropped += connection.drop_reason is not None

    def client_connected(self, client_id: str) -> bool:
        """Tell whether a client has a socket."""
        return client_id in self._connections

    def send(self, kind: str, data: Mapping[str, Any] | Any, *, client_id: str | None) -> None:
        """Send a JSON message to one client, or to all."""
        if kind == "progress_state":
            self._note_progress(data, client_id)
            return
        if kind == "executing":
            self._note_executing(data, client_id)
        if kind in _LAST_MESSAGES:
            self._end_progress(data.get("prompt_id"))
        receivers = self._receivers(client_id)
        if receivers:
            self._deliver(receivers, messages.message(kind, data))

    def preview(
        self,
        image_type: str,
        image: bytes,
        meta: Mapping[str, Any],
        *,
        client_id: str | None,
        is_result: bool = False,
    ) -> None:
        """Send a picture in the form each client takes; a result is replaced by no later one."""
        slot = None if is_result else f"preview {meta.get('prompt_id')} {meta.get('node_id')}"

        @cache
        def frame(with_metadata: bool) -> Frame:
            if with_metadata:
                return messages.preview_with_metadata(image_type, image, meta, is_result=is_result)
            return messages.preview(image_type, image, is_result=is_result)

        for connection in self._receivers(client_id):
            connection.send(frame(connection.can(METADATA_FLAG)), slot=slot)

    def drop_all(self, reason: str) -> None:
        """Close every socket, when the server stops."""
        for connection in list(self._connections.values()):
            connection.drop(reason, WSCloseCode.GOING_AWAY)

    def _receivers(self, client_id: str | None) -> list[Connection]:
        if client_id is None:
            return list(self._connections.values())
        connection = self._connections.get(client_id)
        return [] if connection is None else [connection]

    def _deliver(self, receivers: Iterable[Connection], frame: Frame) -> None:
        for connection in receivers:
            connection.send(frame)

    def _note_executing(self, data: Mapping[str, Any], client_id: str | None) -> None:
        if data.get("node") is None:
            self._end_progress(data.get("prompt_id"))
            self._executing = {
                client: running
                for client, running in self._executing.items()
                if running[0] != data.get("prompt_id")
            }
        elif client_id is not None:
            self._executing[client_id] = (str(data.get("prompt_id")), data["node"])

    def _note_progress(self, data: Mapping[str, Any], client_id: str | None) -> None:
        prompt_id = data["prompt_id"]
        progress = self._progress.setdefault(prompt_id, PromptProgress(client_id))
        if progress.update(data["nodes"]):
            self._plan_flush()

    def _plan_flush(self) -> None:
        if self._flush_timer is None:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_later(INTERVAL_S, self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        for prompt_id in list(self._progress):
            self._tell_progress(prompt_id)

    def _end_progress(self, prompt_id: str | None) -> None:
        """Tell the last state before the message that says that the prompt is over."""
        if prompt_id in self._progress:
            self._tell_progress(prompt_id)
            del self._progress[prompt_id]

    def _tell_progress(self, prompt_id: str) -> None:
        progress = self._progress[prompt_id]
        if not progress.changed:
            return
        make: Callable[[bool], Frame] = cache(
            lambda partial: progress.delta(prompt_id) if partial else progress.complete(prompt_id)
        )
        for connection in self._receivers(progress.client_id):
            connection.send(
                make(connection.can(DELTA_FLAG) and connection.sid in progress.informed)
            )
            progress.informed.add(connection.sid)
        progress.changed.clear()
