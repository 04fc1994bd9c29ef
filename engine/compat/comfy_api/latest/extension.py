"""What a pack's `comfy_entrypoint()` returns."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.registry.v3.node import ComfyNode


class ComfyExtension(ABC):
    """A pack: lists its nodes."""

    async def on_load(self) -> None:  # noqa: B027 - may stay as it is
        """Part of the interface that hosts do not call (contract §4.6)."""

    @abstractmethod
    async def get_node_list(self) -> list[type[ComfyNode]]:
        """Return the node classes."""
