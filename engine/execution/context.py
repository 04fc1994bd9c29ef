"""What one call of a node may ask of its run, and the token that stops a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from engine.errors import RunCancelledError
from engine.execution.events import Event, NodeIds, NodePreview, NodeProgress
from engine.types import Preview

T = TypeVar("T")


class CancelToken:
    """Stops one run; may be cancelled from any thread, and from a signal handler."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop the run at its next progress report or node call."""
        self._cancelled.set()
        for listener in list(self._listeners):
            listener()

    def check(self) -> None:
        """Raises: RunCancelledError, after `cancel`."""
        if self._cancelled.is_set():
            raise RunCancelledError

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` on `cancel`, in the thread that cancels, perhaps more than once."""
        self._listeners.append(listener)
        if self._cancelled.is_set():
            listener()

    def forget(self, listener: Callable[[], None]) -> None:
        """Take a listener back."""
        self._listeners.remove(listener)


@dataclass(frozen=True, slots=True)
class RunScope:
    """What all nodes of a run share; `prompt` and `extra_pnginfo` are empty without metadata."""

    prompt_id: str
    prompt: Mapping[str, Any]
    extra_pnginfo: Mapping[str, Any]
    services: Mapping[type, object]
    emit: Callable[[Event], None]
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class RunContext:
    """The `NodeContext` of one call of one node. Safe to use from threads the node starts."""

    scope: RunScope
    ids: NodeIds
    call_index: int = 0

    @property
    def node_id(self) -> str:
        """Id of the node that runs."""
        return self.ids.node

    @property
    def prompt_id(self) -> str:
        """Id of the run."""
        return self.scope.prompt_id

    @property
    def prompt(self) -> Mapping[str, Any]:
        """The API prompt as it was queued; empty when files shall carry no metadata."""
        return self.scope.prompt

    @property
    def extra_pnginfo(self) -> Mapping[str, Any]:
        """Further metadata to embed; empty when there is none, or none is wanted."""
        return self.scope.extra_pnginfo

    def service(self, kind: type[T]) -> T:
        """Return the host's instance of a service. Raises: LookupError."""
        if kind not in self.scope.services:
            raise LookupError(f"this host offers no {kind.__name__} to nodes")
        return cast("T", self.scope.services[kind])

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        """Report progress. Raises: RunCancelledError."""
        self.scope.cancel.check()
        self.scope.emit(NodeProgress(self.ids, value, total))
        if preview is not None:
            self.scope.emit(NodePreview(self.ids, preview))

    def check_cancelled(self) -> None:
        """Raises: RunCancelledError."""
        self.scope.cancel.check()
