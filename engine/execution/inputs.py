"""Collects what a node is called with: link values, literals and hidden inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from engine.cache.store import Entry
from engine.errors import shorten
from engine.execution.declared import TypeRules
from engine.execution.dynamic import DynamicPrompt
from engine.execution.errors import BrokenLinkError
from engine.graph.model import Link, Node, NodeId

_SHOWN_ELEMENTS = 16


@dataclass(frozen=True, slots=True)
class Collected:
    """A node's inputs.

    Attributes:
        values: By name, a list of values each.
        missing: Links that were not evaluated: their value is None.
    """

    values: dict[str, list[Any]]
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HiddenInputs:
    """Fills the hidden tokens of contract §4.1."""

    dynamic: DynamicPrompt
    extra_data: Mapping[str, Any]

    def values(self, rules: TypeRules, node_id: NodeId) -> dict[str, Any]:
        """Return a node's hidden inputs; tokens that are not known are left out."""
        if not rules.hidden:
            return {}
        known = {
            "PROMPT": self.dynamic.get_original_prompt(),
            "DYNPROMPT": self.dynamic,
            "EXTRA_PNGINFO": self.extra_data.get("extra_pnginfo"),
            "UNIQUE_ID": node_id,
            "AUTH_TOKEN_COMFY_ORG": self.extra_data.get("auth_token_comfy_org"),
            "API_KEY_COMFY_ORG": self.extra_data.get("api_key_comfy_org"),
        }
        return {name: known[token] for name, token in rules.hidden.items() if token in known}


def collect_inputs(
    node: Node, rules: TypeRules, results: Mapping[NodeId, Entry], hidden: HiddenInputs
) -> Collected:
    """Collect what is there. Raises: BrokenLinkError, for a link to a node that does not exist."""
    values: dict[str, list[Any]] = {}
    missing: list[str] = []
    for name, value in node.inputs.items():
        how = rules.input(name)
        if isinstance(value, Link):
            if value.source not in hidden.dynamic.nodes:
                raise BrokenLinkError(name, value.source)
            if how.raw:
                values[name] = [[value.source, value.slot]]
            elif value.source in results:
                values[name] = output_of(results[value.source], value.slot)
            else:
                values[name] = [None]
                missing.append(name)
        elif how.declared:
            values[name] = [value]
    for name, value in hidden.values(rules, node.id).items():
        values[name] = [value]
    return Collected(values, frozenset(missing))


def constant_inputs(node: Node, rules: TypeRules, hidden: HiddenInputs) -> dict[str, Any]:
    """Return what IS_CHANGED sees: literals and hidden inputs; links are None."""
    values: dict[str, Any] = {}
    for name, value in node.inputs.items():
        how = rules.input(name)
        if isinstance(value, Link):
            values[name] = [value.source, value.slot] if how.raw else None
        elif how.declared:
            values[name] = value
    return values | hidden.values(rules, node.id)


def output_of(entry: Entry, slot: int) -> list[Any]:
    """Return one output's values; where a pack's node left the output out, consumers see None."""
    return entry.outputs[slot] if 0 <= slot < len(entry.outputs) else [None]


def describe(values: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return inputs as JSON values for error reports: big values as short texts."""
    return {name: [_describe(v) for v in list_[:_SHOWN_ELEMENTS]] for name, list_ in values.items()}


def _describe(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, (dict, list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    try:
        return shorten(value)
    except Exception as error:  # noqa: BLE001  # a pack's __repr__; the report must not fail
        return f"{type(value).__name__} (its description failed: {error})"
