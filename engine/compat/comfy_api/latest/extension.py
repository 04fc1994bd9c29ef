"""What a pack's `comfy_entrypoint()` returns."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.registry.v3.node import ComfyNode


class ComfyExtension(ABC):
    """A pack: lists its nodes."""

    async def on_load(self) -> None:  # noqa: B027 - may stay as it is
        """Prepare the pack, before its nodes are listed; what it raises keeps the pack out.

        Hosts up to 0.3.64 did not call it yet.
        """

    @abstractmethod
    async def get_node_list(self) -> list[type[ComfyNode]]:
        """Return the node classes."""
