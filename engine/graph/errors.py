"""What can be wrong with a workflow file or a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import EngineError, shorten

_IDS_SHOWN = 8


class WorkflowFormatError(EngineError):
    """A file or request is no workflow that can be read.

    Attributes:
        where: The file or request in words.
        problem: What is wrong with it, in one clause.
        node_id: The node at fault, when one is.
    """

    code = "bad_workflow"

    def __init__(self, where: str, problem: str, node_id: str | None = None) -> None:
        self.where, self.problem, self.node_id = where, problem, node_id
        node = "" if node_id is None else f"node {shorten(node_id)}: "
        super().__init__(f"{where}: {node}{problem}.")


class GraphCycleError(EngineError):
    """Nodes feed each other in a circle.

    Attributes:
        cycle: Ids along one circle, each feeding the next; the first is repeated at the end.
    """

    code = "graph_cycle"

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle = tuple(cycle)
        shown = self.cycle
        if len(shown) > _IDS_SHOWN:
            shown = (*shown[: _IDS_SHOWN - 2], "…", shown[-1])
        path = " → ".join(node if node == "…" else f"#{shorten(node)[1:-1]}" for node in shown)
        super().__init__(f"These nodes feed each other in a circle: {path}. Remove one link.")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a workflow that the artist should know; the file opens anyway.

    Attributes:
        code: Stable kind: "unknown_type", "missing_link", "default_used" …
        message: One sentence.
        node_id: Execution id of the node concerned, or None for the whole file.
        input: Name of the input concerned.
    """

    code: str
    message: str
    node_id: str | None = None
    input: str | None = None

    def __str__(self) -> str:
        return self.message if self.node_id is None else f"Node #{self.node_id}: {self.message}"
