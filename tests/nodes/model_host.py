"""A host with real folders and a library of the models in them, for nodes that load and save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import torch

from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from engine.registry.spec import Folders, NodeContext

T = TypeVar("T")


class ModelHost:
    """A part of a NodeContext: folders, library, and what is stored in saved files."""

    extra_pnginfo: Mapping[str, Any] = {}

    def __init__(self, base: Path, prompt: Mapping[str, Any] | None = None) -> None:
        self.prompt: Mapping[str, Any] = prompt or {}
        self.folders = ModelFolders(base)
        self.library = ModelLibrary(self.folders, Residency(torch.device("cpu")), base / "made")

    def service(self, kind: type[T]) -> T:
        return cast("T", self.folders if kind is Folders else self.library)

    @property
    def context(self) -> NodeContext:
        return cast("NodeContext", self)
