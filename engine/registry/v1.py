"""V1 classes (`INPUT_TYPES`, `RETURN_TYPES`, `FUNCTION` …) as node specs. See contract §4.1."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from itertools import zip_longest
from typing import Any

from engine.registry.hooks import read_hook
from engine.registry.running import call_as_running
from engine.registry.spec import (
    Folders,
    InputTypes,
    InputTypesReader,
    NodeContext,
    NodeFunction,
    NodeSpec,
    OutputSpec,
)


def v1_spec(
    type_id: str,
    cls: type,
    *,
    display_name: str | None = None,
    python_module: str = "nodes",
    version: str = "",
) -> NodeSpec:
    """Describe a V1 class; its inputs are asked for anew each time and never rewritten.

    Args:
        type_id: The class's key in NODE_CLASS_MAPPINGS.
        version: Hash of the pack's sources.

    Raises: TypeError, when the class lacks what every V1 class has.
    """
    _check(type_id, cls)
    is_output = bool(getattr(cls, "OUTPUT_NODE", False))
    return NodeSpec(
        type_id=type_id,
        display_name=display_name,
        category=str(getattr(cls, "CATEGORY", "sd")),
        description=str(getattr(cls, "DESCRIPTION", "") or ""),
        python_module=python_module,
        version=version,
        outputs=_read_outputs(cls),
        is_output=is_output,
        side_effect=is_output,
        input_is_list=bool(getattr(cls, "INPUT_IS_LIST", False)),
        is_async=inspect.iscoroutinefunction(getattr(cls, cls.FUNCTION)),  # type: ignore[attr-defined]
        not_idempotent=bool(getattr(cls, "NOT_IDEMPOTENT", False)),
        deprecated=bool(getattr(cls, "DEPRECATED", False)),
        experimental=bool(getattr(cls, "EXPERIMENTAL", False)),
        api_node=bool(getattr(cls, "API_NODE", False)),
        source="v1",
        node_class=cls,
        input_types=_inputs_reader(cls),
        create=cls,
        call=_caller(cls),
        check_lazy=_check_lazy if hasattr(cls, "check_lazy_status") else None,
        validate=read_hook(getattr(cls, "VALIDATE_INPUTS", None)),
        fingerprint=read_hook(getattr(cls, "IS_CHANGED", None), takes_all=True),
    )


def _check(type_id: str, cls: type) -> None:
    where = f'node type "{type_id}" ({getattr(cls, "__name__", cls)!s})'
    if not callable(getattr(cls, "INPUT_TYPES", None)):
        raise TypeError(f"{where} has no INPUT_TYPES() class method")
    if not hasattr(cls, "RETURN_TYPES"):
        raise TypeError(f"{where} has no RETURN_TYPES")
    function = getattr(cls, "FUNCTION", None)
    if not isinstance(function, str):
        raise TypeError(f"{where}: FUNCTION must name a method, got {function!r}")
    if not callable(getattr(cls, function, None)):
        raise TypeError(f'{where}: FUNCTION names "{function}", which is no method of the class')


def _read_outputs(cls: Any) -> tuple[OutputSpec, ...]:
    """Pair RETURN_TYPES with names, list marks and tooltips, which may be absent or shorter."""
    types = cls.RETURN_TYPES
    types = (types,) if isinstance(types, str) else tuple(types)
    names = getattr(cls, "RETURN_NAMES", None) or ()
    names = (names,) if isinstance(names, str) else names
    lists = getattr(cls, "OUTPUT_IS_LIST", None) or ()
    tooltips = getattr(cls, "OUTPUT_TOOLTIPS", None) or ()
    tooltips = (tooltips,) if isinstance(tooltips, str) else tooltips
    rows = list(zip_longest(types, names, lists, tooltips))[: len(types)]
    return tuple(
        OutputSpec(type_, _output_name(type_, name), bool(is_list), tooltip)
        for type_, name, is_list, tooltip in rows
    )


def _output_name(wire_type: Any, name: Any) -> str:
    if name is not None:
        return str(name)
    return str(wire_type) if isinstance(wire_type, str) else "COMBO"


def _inputs_reader(cls: Any) -> InputTypesReader:
    def input_types(folders: Folders) -> InputTypes:
        declared: InputTypes = cls.INPUT_TYPES()
        return declared

    return input_types


def _caller(cls: Any) -> NodeFunction:
    name: str = cls.FUNCTION

    def call(instance: Any, inputs: dict[str, Any], context: NodeContext) -> Any | Awaitable[Any]:
        return call_as_running(context, lambda: getattr(instance, name)(**inputs))

    return call


def _check_lazy(instance: Any, inputs: dict[str, Any]) -> Any:
    return instance.check_lazy_status(**inputs)
