"""Canvas workflows as frozen values, the same for both schema versions (contract §1.2).

What running a workflow does not depend on (positions, colours, groups …) stays as it came, in
`extra` and `other`, so unknown keys survive at every level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

CanvasId: TypeAlias = int | str

INPUT_NODE = -10
"""Origin of links that enter a subgraph's body."""
OUTPUT_NODE = -20
"""Target of links that leave a subgraph's body."""
MUTED = 2
BYPASSED = 4


@dataclass(frozen=True, slots=True)
class CanvasLink:
    """A link. `parent_id` is the last reroute point before its input; `extra`: other keys."""

    id: int
    origin_id: CanvasId
    origin_slot: int
    target_id: CanvasId
    target_slot: int
    type: Any = None
    parent_id: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CanvasInput:
    """An input socket. `widget`: {"name": …} when it belongs to a widget, else None."""

    name: str
    type: Any = "*"
    link: int | None = None
    widget: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CanvasOutput:
    """An output socket and the ids of its links."""

    name: str
    type: Any = "*"
    links: tuple[int, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CanvasNode:
    """A node on the canvas.

    Attributes:
        mode: 0 normal, 2 muted, 4 bypassed.
        widgets_values: A list, an object by name (some packs), or None.
        extra: Other keys: pos, size, flags, order, color …
    """

    id: CanvasId
    type: str
    mode: int = 0
    title: str | None = None
    inputs: tuple[CanvasInput, ...] = ()
    outputs: tuple[CanvasOutput, ...] = ()
    widgets_values: Any = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CanvasGraph:
    """Nodes and links of the root or of a subgraph's body.

    Attributes:
        reroutes: Reroute points, as schema 1 writes them; they only bend links.
        counters: Last ids given out, under the names of schema 1's "state".
        extra: The key "extra", without what schema 0.4 stores there about reroute points.
        other: Further keys: id, revision, config, models …
    """

    nodes: tuple[CanvasNode, ...] = ()
    links: tuple[CanvasLink, ...] = ()
    floating_links: tuple[CanvasLink, ...] = ()
    groups: tuple[Mapping[str, Any], ...] = ()
    reroutes: tuple[Mapping[str, Any], ...] = ()
    counters: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubgraphPort:
    """An input or output of a subgraph."""

    name: str
    type: Any = "*"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A subgraph definition; nodes whose type is `id` are its instances."""

    id: str
    name: str
    graph: CanvasGraph
    inputs: tuple[SubgraphPort, ...] = ()
    outputs: tuple[SubgraphPort, ...] = ()


@dataclass(frozen=True, slots=True)
class CanvasWorkflow:
    """A whole canvas file.

    Attributes:
        version: Schema the file came in, 0.4 or 1; later ones are read as 1.
        definitions: Keys of "definitions" beside "subgraphs".
    """

    graph: CanvasGraph
    subgraphs: tuple[Subgraph, ...] = ()
    version: float = 0.4
    definitions: Mapping[str, Any] = field(default_factory=dict)
