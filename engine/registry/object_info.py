"""Describes a node type to editors and API clients, as JSON (contract §4.5)."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from engine.registry.spec import Folders, InputTypes, NodeSpec
from engine.registry.v3.adapter import HIDDEN_PREFIX


def object_info(spec: NodeSpec, folders: Folders) -> dict[str, Any]:
    """Return a node type's entry of /object_info, made of plain JSON values only.

    A number that JSON cannot hold (an infinite bound) becomes null.

    Raises: TypeError, when a pack declares an option that is no data (a function, a tensor);
        whatever the pack's own INPUT_TYPES raises.
    """
    declared = _v3_inputs(spec, folders) if spec.source == "v3" else spec.input_types(folders)
    is_v3 = spec.source == "v3"
    entry: dict[str, Any] = {
        "input": declared,
        "input_order": {section: list(declared[section]) for section in declared},
        "output": [output.type for output in spec.outputs],
        "output_is_list": [output.is_list for output in spec.outputs],
        "output_name": [output.name for output in spec.outputs],
        "name": spec.type_id,
        "display_name": spec.display_name if is_v3 else spec.display_name or spec.type_id,
        "description": spec.description,
        "python_module": spec.python_module,
        "category": spec.category,
        "output_node": spec.is_output,
    }
    tooltips = [output.tooltip for output in spec.outputs]
    if is_v3 or any(tooltips):
        entry["output_tooltips"] = tooltips
    flags = {
        "deprecated": spec.deprecated,
        "experimental": spec.experimental,
        "api_node": spec.api_node,
    }
    entry.update((key, flag) for key, flag in flags.items() if flag or is_v3)
    described: dict[str, Any] = _plain(entry, f"node type {spec.type_id}")
    return described


def _v3_inputs(spec: NodeSpec, folders: Folders) -> InputTypes:
    declared = dict(spec.input_types(folders))
    if "hidden" in declared:
        declared["hidden"] = {
            name.removeprefix(HIDDEN_PREFIX): [token] for name, token in declared["hidden"].items()
        }
    return declared


def _plain(value: Any, where: str) -> Any:
    """Return `value` in plain dicts, lists and scalars; packs use subclasses and lazy lists."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Enum):
        return _plain(value.value, where)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key], f"{where}.{key}") for key in value}
    if isinstance(value, Iterable):
        return [_plain(item, where) for item in value]
    raise TypeError(f"{where}: {type(value).__name__} cannot be shown as JSON")
