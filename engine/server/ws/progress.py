"""How far the nodes of running prompts are, and what of it each client was told.

The contract's message holds the state of every node that began, each time: for a chain of n nodes
n² entries. States are therefore gathered for a moment, and clients with the flag
`supports_progress_delta` get only the nodes that changed since their last message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.server.ws.messages import Frame, message

DELTA_FLAG = "supports_progress_delta"
INTERVAL_S = 0.05


@dataclass(slots=True)
class PromptProgress:
    """One prompt's nodes.

    Attributes:
        client_id: Who gets the messages; None for everybody.
        nodes: The state of every node that began.
        changed: Nodes that changed since the last message.
        informed: Clients that have had a complete message.
    """

    client_id: str | None
    nodes: dict[str, Any] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    informed: set[str] = field(default_factory=set)

    def update(self, nodes: Mapping[str, Any]) -> bool:
        """Take in node states, all of them or some; return whether anything is new."""
        new = {key: state for key, state in nodes.items() if self.nodes.get(key) != state}
        self.nodes.update(new)
        self.changed.update(new)
        return bool(new)

    def complete(self, prompt_id: str) -> Frame:
        """Return the contract's message: all nodes that began."""
        return message("progress_state", {"prompt_id": prompt_id, "nodes": self.nodes})

    def delta(self, prompt_id: str) -> Frame:
        """Return a message with the changed nodes only."""
        nodes = {key: self.nodes[key] for key in self.nodes if key in self.changed}
        return message("progress_state", {"prompt_id": prompt_id, "partial": True, "nodes": nodes})
