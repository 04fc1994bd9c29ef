"""Instances of node types: packs keep state on them from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.execution.events import NodeIds
from engine.graph.model import Node, NodeId
from engine.registry.spec import NodeSpec


@dataclass(frozen=True, slots=True)
class _Kept:
    spec: NodeSpec
    real: NodeId
    real_type: str
    instance: Any


class Instances:
    """One instance per node id and type, while the node (or its queued ancestor) stays queued."""

    def __init__(self) -> None:
        self._kept: dict[tuple[NodeId, str], _Kept] = {}
        self._nodes: Mapping[NodeId, Node] = {}

    def begin(self, nodes: Mapping[NodeId, Node]) -> None:
        """Start a run of the queued `nodes`; drop the instances of others."""
        self._nodes = nodes
        self._kept = {
            place: kept
            for place, kept in self._kept.items()
            if kept.real in nodes and nodes[kept.real].type == kept.real_type
        }

    def get(self, spec: NodeSpec, ids: NodeIds) -> Any:
        """Return a node's instance, made when it is not there."""
        place = ids.node, spec.type_id
        kept = self._kept.get(place)
        if kept is not None and kept.spec is spec:
            return kept.instance
        instance = spec.create()
        if instance is not None:
            self._kept[place] = _Kept(spec, ids.real, self._nodes[ids.real].type, instance)
        return instance
