"""Stand-ins for what a registry asks of its host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from engine.types import Preview

T = TypeVar("T")


class FakeFolders:
    """Every folder holds one file of each kind, named after its key."""

    def names(self, key: str) -> list[str]:
        return [f"{key}.latent", f"{key}.png", f"{key}.safetensors", f"{key}.yaml"]

    def resolve(self, key: str, name: str) -> Path:
        return Path(key, name)

    def directory(self, kind: str) -> Path:
        return Path(kind)


class FakeContext:
    """One call of a node; keeps what it reports."""

    def __init__(
        self, node_id: str = "7", call_index: int = 0, services: Mapping[Any, Any] | None = None
    ) -> None:
        self.node_id = node_id
        self.call_index = call_index
        self.prompt_id = "run-1"
        self.prompt: Mapping[str, Any] = {"7": {"class_type": "X", "inputs": {}}}
        self.extra_pnginfo: Mapping[str, Any] = {"workflow": {"nodes": []}}
        self.reports: list[tuple[float, float, Preview | None]] = []
        self._services = dict(services or {})

    def service(self, kind: type[T]) -> T:
        found: T = self._services[kind]
        return found

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        self.reports.append((value, total, preview))

    def check_cancelled(self) -> None:
        pass
