"""A host with real folders in a temporary place, for nodes that read and write pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import MissingFileError
from engine.registry.spec import Folders
from engine.types import Preview

T = TypeVar("T")


class PictureFolders:
    """Folders below one base."""

    def __init__(self, base: Path) -> None:
        self.base = base
        for kind in ("input", "output", "temp"):
            (base / kind).mkdir()

    def names(self, key: str) -> list[str]:
        return sorted(path.name for path in (self.base / key).iterdir())

    def resolve(self, key: str, name: str) -> Path:
        for kind in ("input", "output", "temp"):
            if name.endswith(f" [{kind}]"):
                key, name = kind, name.removesuffix(f" [{kind}]")
        path = self.base / key / name
        if not path.is_file():
            raise MissingFileError("image", name, [self.base / key])
        return path

    def directory(self, kind: str) -> Path:
        return self.base / kind


class PictureContext:
    """A NodeContext that knows folders only."""

    node_id = "9"
    prompt_id = "run"
    call_index = 0

    def __init__(
        self,
        base: Path,
        prompt: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.folders = PictureFolders(base)
        self.prompt: Mapping[str, Any] = prompt or {}
        self.extra_pnginfo: Mapping[str, Any] = extra or {}

    def service(self, kind: type[T]) -> T:
        if kind is Folders:
            return self.folders  # type: ignore[return-value]
        raise LookupError(kind)

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        return None

    def check_cancelled(self) -> None:
        return None
