"""V3 node classes as node specs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.registry.hooks import read_hook
from engine.registry.running import call_as_running
from engine.registry.spec import (
    Hook,
    InputTypes,
    NodeContext,
    NodeFunction,
    NodeSpec,
    OutputSpec,
)
from engine.registry.v3.node import ComfyNode, NodeOutput, normalized, runs_async
from engine.registry.v3.options import HiddenHolder
from engine.types import ExecutionBlocker, NodeResult, Ui

HIDDEN_PREFIX = "hidden."
"""Keeps hidden values apart from inputs: a V3 node may have an input "prompt" as well."""


def v3_spec(
    cls: type[ComfyNode],
    *,
    type_id: str | None = None,
    display_name: str | None = None,
    python_module: str = "nodes",
    version: str = "",
) -> NodeSpec:
    """Describe a V3 class.

    The spec's hidden section names its inputs "hidden.<name>"; a caller fills them in like any
    other hidden input and they arrive in `cls.hidden`.

    Args:
        type_id: Name in files, when it is not the schema's node_id.
        display_name: Overrides the schema's.
        version: Hash of the pack's sources.

    Raises: whatever the class's `define_schema` raises.
    """
    schema = cls.define_schema()
    outputs = tuple(_output_spec(output) for output in schema.outputs)
    return NodeSpec(
        type_id=type_id or schema.node_id,
        display_name=display_name or schema.display_name,
        category=schema.category,
        description=schema.description,
        python_module=python_module,
        version=version,
        outputs=outputs,
        is_output=schema.is_output_node,
        side_effect=schema.is_output_node,
        input_is_list=schema.is_input_list,
        is_async=runs_async(cls),
        not_idempotent=schema.not_idempotent,
        deprecated=schema.is_deprecated,
        experimental=schema.is_experimental,
        api_node=schema.is_api_node,
        source="v3",
        node_class=cls,
        input_types=lambda folders: _input_types(cls),
        create=lambda: None,
        call=_caller(cls, outputs),
        check_lazy=_lazy_check(cls),
        validate=_hook(cls, "validate_inputs"),
        fingerprint=_hook(cls, "fingerprint_inputs", takes_all=True),
    )


def _output_spec(output: Any) -> OutputSpec:
    wire_type = output.get_io_type()
    name = output.display_name or str(wire_type)
    return OutputSpec(wire_type, name, output.is_output_list, output.tooltip)


def _input_types(cls: type[ComfyNode]) -> InputTypes:
    schema = cls.define_schema()
    declared: dict[str, Any] = dict(schema.declared_inputs())
    if schema.hidden:
        declared["hidden"] = {HIDDEN_PREFIX + item.name: item.value for item in schema.hidden}
    return declared


def _caller(cls: type[ComfyNode], outputs: tuple[OutputSpec, ...]) -> NodeFunction:
    def call(instance: Any, inputs: dict[str, Any], context: NodeContext) -> Any | Awaitable[Any]:
        clone, values = _prepare(cls, inputs)
        if runs_async(cls):
            return call_as_running(context, lambda: _run_async(clone, values, outputs))
        answer = call_as_running(context, lambda: clone.execute(**values))
        return _to_result(normalized(clone, answer), outputs)

    return call


async def _run_async(
    clone: type[ComfyNode], values: dict[str, Any], outputs: tuple[OutputSpec, ...]
) -> NodeResult:
    return _to_result(await clone.EXECUTE_NORMALIZED_ASYNC(**values), outputs)


def _prepare(
    cls: type[ComfyNode], inputs: Mapping[str, Any]
) -> tuple[type[ComfyNode], dict[str, Any]]:
    """Return the class to run on, holding the hidden values, and the inputs proper."""
    hidden: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, value in inputs.items():
        if name.startswith(HIDDEN_PREFIX):
            # With is_input_list hidden values come as lists of one, like all inputs.
            hidden[name.removeprefix(HIDDEN_PREFIX)] = value[0] if _is_single(value) else value
        else:
            values[name] = value
    return cls.running_clone(HiddenHolder(**hidden)), values


def _is_single(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1


def _to_result(answer: NodeOutput, outputs: tuple[OutputSpec, ...]) -> NodeResult:
    values = answer.args
    if answer.block_execution is not None and values:
        values = (ExecutionBlocker(answer.block_execution),) * len(outputs)
    elif not values and answer.expand is None:
        # Blocking without values blocks nothing: consumers see None (contract §4.7).
        values = tuple([None] if output.is_list else None for output in outputs)
    return NodeResult(values, _to_ui(answer.ui), answer.expand)


def _to_ui(ui: Any) -> Ui | None:
    if ui is None:
        return None
    return Ui(ui if isinstance(ui, Mapping) else ui.as_dict())


def _hook(cls: type[ComfyNode], name: str, *, takes_all: bool = False) -> Hook | None:
    described = read_hook(getattr(cls, name, None), takes_all=takes_all)
    if described is None:
        return None

    def call(**inputs: Any) -> Any:
        clone, values = _prepare(cls, inputs)
        return getattr(clone, name)(**values)

    return Hook(call, described.names, described.takes_all)


def _lazy_check(cls: type[ComfyNode]) -> Callable[[Any, dict[str, Any]], Any] | None:
    if not hasattr(cls, "check_lazy_status"):
        return None

    def check_lazy(instance: Any, inputs: dict[str, Any]) -> Any:
        clone, values = _prepare(cls, inputs)
        return getattr(clone, "check_lazy_status")(**values)  # noqa: B009 - not on the base

    return check_lazy
