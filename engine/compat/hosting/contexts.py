"""Contexts for native functions that packs call: the running node's, or one where none runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from engine.compat.host import current
from engine.registry.running import current_context
from engine.registry.spec import Folders, NodeContext
from engine.types import Preview

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IdleContext:
    """The context of code that runs outside of any node: services, and nobody to report to."""

    node_id: str = ""
    prompt_id: str = ""
    call_index: int = 0
    prompt: Mapping[str, Any] = field(default_factory=dict)
    extra_pnginfo: Mapping[str, Any] = field(default_factory=dict)

    def service(self, kind: type[T]) -> T:
        """Return a service. Raises: LookupError."""
        return current().service(kind)

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        """Pass over a report that nobody reads."""

    def check_cancelled(self) -> None:
        """Pass: there is no run to stop."""


@dataclass(frozen=True, slots=True)
class PassedContext:
    """The running node's context, with what its code hands over itself.

    Attributes:
        output_dir: Stands in for the folder of results.
    """

    inner: NodeContext
    prompt: Mapping[str, Any]
    extra_pnginfo: Mapping[str, Any]
    output_dir: Path | None = None

    @property
    def node_id(self) -> str:
        """Id of the running node."""
        return self.inner.node_id

    @property
    def prompt_id(self) -> str:
        """Id of the run."""
        return self.inner.prompt_id

    @property
    def call_index(self) -> int:
        """Which call of the running node this is."""
        return self.inner.call_index

    def service(self, kind: type[T]) -> T:
        """Return a service. Raises: LookupError."""
        found = self.inner.service(kind)
        if kind is Folders and self.output_dir is not None:
            return cast("T", _OneFolder(cast("Folders", found), self.output_dir))
        return found

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        """Report progress of the running node. Raises: RunCancelledError."""
        self.inner.progress(value, total, preview)

    def check_cancelled(self) -> None:
        """Raises: RunCancelledError."""
        self.inner.check_cancelled()


@dataclass(frozen=True, slots=True)
class _OneFolder:
    """The host's folders, with one directory for all results."""

    inner: Folders
    results: Path

    def names(self, key: str) -> list[str]:
        return self.inner.names(key)

    def resolve(self, key: str, name: str) -> Path:
        return self.inner.resolve(key, name)

    def directory(self, kind: str) -> Path:
        return self.results


def context_with(hidden: Mapping[str, Any], output_dir: Path | None = None) -> NodeContext:
    """Return the context of a call made by a pack.

    Args:
        hidden: "prompt" and "extra_pnginfo" as far as the pack passes them; None means none.
    """
    context = current_context() or IdleContext()
    if not hidden and output_dir is None:
        return context
    prompt = hidden.get("prompt", context.prompt)
    extra = hidden.get("extra_pnginfo", context.extra_pnginfo)
    return PassedContext(context, prompt or {}, extra or {}, output_dir)
