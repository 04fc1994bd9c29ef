"""What a run reports, in the order it happens. Listeners turn events into messages or a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.cache.store import Reason
from engine.graph.model import NodeId
from engine.types import Preview


@dataclass(frozen=True, slots=True)
class NodeIds:
    """Where a node belongs.

    Attributes:
        node: The node itself.
        display: The node to highlight.
        parent: The node that expanded into it, or None.
        real: Its ancestor in the graph as it was queued; the node itself, mostly.
    """

    node: NodeId
    display: NodeId
    parent: NodeId | None
    real: NodeId


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class NodesCached:
    """Sent once, before nodes run.

    Attributes:
        node_ids: Nodes that need not run: found in the cache, or needed by such nodes only.
        reasons: Why each node that was looked up was a hit or a miss.
    """

    node_ids: tuple[NodeId, ...]
    reasons: Mapping[NodeId, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """Something about one node."""

    ids: NodeIds

    @property
    def node_id(self) -> NodeId:
        """The node itself."""
        return self.ids.node

    @property
    def display_id(self) -> NodeId:
        """The node to highlight."""
        return self.ids.display


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """A node is about to run; sent once per node."""

    node_type: str


@dataclass(frozen=True, slots=True)
class NodeProgress(NodeEvent):
    """A node got to `value` of `total`. May come from a thread that the node started."""

    value: float
    total: float


@dataclass(frozen=True, slots=True)
class NodePreview(NodeEvent):
    """A node shows its work. May come from a thread that the node started."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    """A node has its result.

    Attributes:
        ui: What it shows, or None.
        seconds: Wall time it took, with the nodes it expanded into; when cached, what it had taken.
        cached: It did not run: its result was found.
    """

    ui: Mapping[str, Any] | None
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True)
class NodeBlocked(NodeEvent):
    """A node was not called because an input is an `ExecutionBlocker` with a message."""

    node_type: str
    message: str
    executed: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """A node failed; no further node is started.

    Attributes:
        error: What it raised.
        traceback: Formatted, one text per frame.
        inputs: Its inputs as lists of plain values and short descriptions.
        executed: Nodes that ran before.
    """

    node_type: str
    error: Exception
    traceback: tuple[str, ...]
    inputs: Mapping[str, list[Any]]
    executed: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class RunInterrupted:
    """The artist stopped the run.

    Attributes:
        ids: The node that was running; None between nodes.
        node_type: Its type.
        saved: See `RunCancelledError.saved`.
    """

    ids: NodeIds | None
    node_type: str | None
    executed: tuple[NodeId, ...]
    saved: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended, well or not; nothing follows.

    Attributes:
        status: "success", "error" or "interrupted".
        seconds: Wall time of the run.
    """

    prompt_id: str
    status: str
    seconds: float


Event: TypeAlias = (
    RunStarted
    | NodesCached
    | NodeStarted
    | NodeProgress
    | NodePreview
    | NodeFinished
    | NodeBlocked
    | NodeFailed
    | RunInterrupted
    | RunFinished
)
