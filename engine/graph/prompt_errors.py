"""Errors of a prompt as a whole (contract §2): nothing of it can run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.errors import nearest_name, shorten
from engine.graph.input_checks import ValidationError, make_error
from engine.graph.model import Node, NodeId
from engine.registry.registry import Registry

_SUGGESTIONS = 20
"""Unknown types for which near names are looked up: the search is slow."""


def prompt_error(
    unknown: list[Node],
    registry: Registry,
    outputs: list[NodeId],
    valid: tuple[NodeId, ...],
    node_errors: Mapping[NodeId, dict[str, Any]],
    targets: Collection[NodeId] | None,
) -> ValidationError | None:
    """Return why nothing can run, or None when an output can."""
    if unknown:
        return _unknown_types(unknown, registry)
    if not outputs:
        return make_error(
            "prompt_no_outputs",
            "The graph has no output",
            "add a node that saves or shows something, such as SaveImage or PreviewImage"
            if targets is None
            else "none of the nodes asked for is in it",
        )
    if not valid:
        lines = [
            f"{entry['class_type']} #{node_id}: {error['message']}: {error['details']}"
            for node_id, entry in node_errors.items()
            for error in entry["errors"]
        ]
        return make_error("prompt_outputs_failed_validation", "No output can run", "\n".join(lines))
    return None


def _unknown_types(unknown: list[Node], registry: Registry) -> ValidationError:
    by_type: dict[str, list[NodeId]] = {}
    for node in unknown:
        by_type.setdefault(node.type, []).append(node.id)
    lines: list[str] = []
    described: list[dict[str, Any]] = []
    for index, (name, ids) in enumerate(by_type.items()):
        suggestion = nearest_name(name, registry) if index < _SUGGESTIONS else None
        hint = f' Did you mean "{suggestion}"?' if suggestion else ""
        if (successor := registry.replacements.successor(name)) is not None:
            suggestion, hint = successor, f" {_moved_to(name, successor, registry)}"
        shown = ", ".join(f"#{node_id}" for node_id in ids)
        lines.append(f"node type {shorten(name)} ({shown}) is not known.{hint}")
        described.append({"class_type": name, "node_ids": ids, "suggestion": suggestion})
    message = "A node type is not known" if len(by_type) == 1 else "Node types are not known"
    return make_error("invalid_prompt", message, "\n".join(lines), unknown_types=described)


def _moved_to(name: str, successor: str, registry: Registry) -> str:
    if successor not in registry:
        return f"{shorten(successor)} took its place, but is not known either; install its pack."
    return f"{shorten(successor)} took its place; open the workflow in the editor to replace it."
