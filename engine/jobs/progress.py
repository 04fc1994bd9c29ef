"""How much of a running job is done, for clients that did not hear it from the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JobProgress:
    """Listens to what a job's worker says of its nodes."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}

    def hear(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take in a message of contract §3.1; those that say nothing of progress change nothing.

        A node that begins anew, with the next element of a list, does not take back what is done.
        """
        if kind == "execution_cached":
            self._shares.update(dict.fromkeys(data["nodes"], 1.0))
        elif kind == "progress_state":
            for node, state in data["nodes"].items():
                self._shares[node] = max(self._shares.get(node, 0.0), _share(state))

    def share_of(self, nodes: int) -> float:
        """Return the share that is done, 0 to 1, of a job of so many nodes.

        Nodes that others expanded into count as well, so it may be 1 a little early.
        """
        return min(1.0, sum(self._shares.values()) / nodes) if nodes else 0.0


def _share(state: Mapping[str, Any]) -> float:
    if state["state"] == "finished":
        return 1.0
    return min(1.0, state["value"] / state["max"]) if state["max"] > 0 else 0.0
