"""Nodes that a node runs in its place: reading them, and putting their results together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.cache.store import Entry
from engine.errors import shorten
from engine.execution.answers import Answer
from engine.execution.dynamic import DynamicPrompt
from engine.execution.errors import ExpansionError
from engine.execution.inputs import output_of
from engine.execution.lists import merge_output
from engine.graph.api_format import parse_value
from engine.graph.model import Link, NodeId
from engine.registry.spec import NodeSpec


@dataclass(slots=True)
class Expansion:
    """What a node expanded into.

    Attributes:
        answers: Of each call; in those that expand, links into the graph are `Link`s.
        made: Ids of the new nodes.
        sources: Nodes that the results are linked to.
        seconds: Time of the node's own calls.
        shows: An output node is among the new nodes.
    """

    answers: Sequence[Answer]
    made: list[NodeId]
    sources: list[NodeId]
    seconds: float
    shows: bool = False


def read_expansion(
    dynamic: DynamicPrompt, node_id: NodeId, answers: Sequence[Answer], seconds: float
) -> Expansion:
    """Add what a node expanded into to the graph. Raises: ExpansionError."""
    made: list[NodeId] = []
    read: list[Answer] = []
    sources: dict[NodeId, None] = {}
    for answer in answers:
        if answer.expand is None:
            read.append(answer)
            continue
        if not isinstance(answer.expand, Mapping):
            raise ExpansionError(f"it expands into {shorten(answer.expand)}, which is no graph.")
        made.extend(dynamic.add_expansion(node_id, answer.expand))
        values = tuple(_read_link(value) for value in answer.values)
        sources.update((value.source, None) for value in values if isinstance(value, Link))
        read.append(Answer(values, answer.ui, answer.expand))
    for source in sources:
        if source not in dynamic.nodes:
            raise ExpansionError(
                f"its result is linked to node {shorten(source)}, which does not exist."
            )
    return Expansion(read, made, list(sources), seconds)


def merge_expansion(
    spec: NodeSpec, expansion: Expansion, results: Mapping[NodeId, Entry]
) -> tuple[list[Any], ...]:
    """Return each output's values over all calls; a link stands for all values of its output."""
    answers = expansion.answers
    count = min((len(answer.values) for answer in answers), default=0)
    merged: list[list[Any]] = []
    for slot in range(count):
        is_list = slot < len(spec.outputs) and spec.outputs[slot].is_list
        joined: list[Any] = []
        for answer in answers:
            value = answer.values[slot]
            if isinstance(value, Link):
                joined.extend(output_of(results[value.source], value.slot))
            else:
                joined.extend(merge_output([value], is_list=is_list))
        merged.append(joined)
    return tuple(merged)


def _read_link(value: Any) -> Any:
    if isinstance(value, list):
        parsed = parse_value(value)
        return parsed if isinstance(parsed, Link) else value
    return value
