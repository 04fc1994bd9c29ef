"""Tells what keeps a graph from running: every problem at once, in the contract's error shapes."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import shorten
from engine.graph.errors import GraphCycleError
from engine.graph.input_checks import (
    DeclaredInput,
    ValidationError,
    broken_link,
    check_literal,
    make_error,
    missing_input,
    plain_name,
    read_declarations,
    value_in_socket,
    wrong_link_type,
)
from engine.graph.model import Graph, Link, Node, NodeId
from engine.graph.prompt_errors import prompt_error
from engine.graph.topology import consumers_among, find_cycles, upstream
from engine.registry.matching import types_match
from engine.registry.registry import Registry
from engine.registry.spec import Hook, NodeSpec

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Validation:
    """What validation found.

    Attributes:
        graph: The graph with literals converted to their declared types.
        outputs: Nodes to run that can run, in file order: output nodes, or the targets. Empty when
            `error` is set.
        error: Why nothing can run, or None.
        node_errors: By node id: {"errors", "dependent_outputs", "class_type"}; may be filled
            although other outputs run.
    """

    graph: Graph
    outputs: tuple[NodeId, ...]
    error: ValidationError | None
    node_errors: dict[NodeId, dict[str, Any]]


async def validate(
    graph: Graph, registry: Registry, targets: Collection[NodeId] | None = None
) -> Validation:
    """Check what the nodes to run need; nothing is raised for a bad graph.

    Beyond ComfyUI, all problems of all needed nodes are listed, not the first of each branch, and
    targets need not be output nodes.

    Args:
        targets: Run only these nodes; ids of no node are ignored. None means all output nodes.
    """
    outputs = [
        node.id
        for node in graph.values()
        if node.type in registry
        and (registry[node.type].is_output if targets is None else node.id in targets)
    ]
    unknown = [node for node in graph.values() if node.type not in registry]
    needed = upstream(graph, outputs)
    checked, errors = await _check_nodes(graph, registry, needed)
    blamed = [*errors, *(node.id for node in unknown if node.id in needed)]
    dependents = consumers_among(graph, blamed, outputs) if blamed else {}
    failed = {output for ids in dependents.values() for output in ids}
    valid = tuple(output for output in outputs if output not in failed)
    node_errors = {
        node_id: {
            "errors": errors[node_id],
            "dependent_outputs": list(dependents[node_id]),
            "class_type": graph[node_id].type,
        }
        for node_id in graph
        if node_id in errors
    }
    error = prompt_error(unknown, registry, outputs, valid, node_errors, targets)
    return Validation(checked, () if error else valid, error, node_errors)


async def _check_nodes(
    graph: Graph, registry: Registry, needed: set[NodeId]
) -> tuple[Graph, dict[NodeId, list[ValidationError]]]:
    checker = _Checker(graph, registry)
    converted: dict[NodeId, Node] = {}
    errors: dict[NodeId, list[ValidationError]] = {}
    for node_id in graph:
        if node_id in needed and graph[node_id].type in registry:
            converted[node_id], found = await checker.check(graph[node_id])
            if found:
                errors[node_id] = found
    for cycle in find_cycles(graph, needed):
        errors.setdefault(cycle[0], []).append(_cycle_error(cycle))
    return Graph(converted.get(node.id, node) for node in graph.values()), errors


@dataclass(slots=True)
class _TypeInputs:
    inputs: list[DeclaredInput]
    names: frozenset[str]
    hidden: Mapping[str, Any]


@dataclass(slots=True)
class _Checker:
    """Checks nodes one by one; each node type's inputs are asked for once."""

    graph: Graph
    registry: Registry
    types: dict[str, _TypeInputs | ValidationError] = field(default_factory=dict)

    async def check(self, node: Node) -> tuple[Node, list[ValidationError]]:
        """Return the node with converted literals, and its own problems."""
        spec = self.registry[node.type]
        declared = self.types.get(node.type)
        if declared is None:
            declared = self.types[node.type] = self._read_type(spec)
        if isinstance(declared, dict):
            return node, [declared]
        values = dict(node.inputs)
        errors: list[ValidationError] = []
        received: dict[str, Any] = {}
        for item in declared.inputs:
            found = self._check_input(item, values, received, spec)
            if found is not None:
                errors.append(found)
        for name, link in node.links():
            if name not in declared.names:
                problem = self._missing_source(link)
                if problem:
                    errors.append(broken_link(name, link, None, problem))
        if spec.validate is not None and not errors:
            errors = await _custom_check(spec, spec.validate, node, declared, values, received)
        changed = any(values[name] is not value for name, value in node.inputs.items())
        return (replace(node, inputs=values) if changed else node), errors

    def _read_type(self, spec: NodeSpec) -> _TypeInputs | ValidationError:
        try:
            declared = self.registry.input_types(spec.type_id)
            inputs = read_declarations(declared)
            section = "hidden"
            hidden = dict(declared[section]) if section in declared else {}
        except (Exception, SystemExit) as error:
            _logger.exception("node type %s: its inputs cannot be read", spec.type_id)
            return _exception_error(f"{spec.type_id} could not list its inputs", error)
        return _TypeInputs(inputs, frozenset(item.name for item in inputs), hidden)

    def _check_input(
        self,
        item: DeclaredInput,
        values: dict[str, Any],
        received: dict[str, Any],
        spec: NodeSpec,
    ) -> ValidationError | None:
        """Check one declared input; write its converted literal, or its upstream type."""
        if item.name not in values:
            return missing_input(item) if item.required else None
        value, hook = values[item.name], spec.validate
        if not isinstance(value, Link):
            if spec.source == "native" and item.is_socket and value is not None:
                return value_in_socket(item, value)
            exempt = hook is not None and (hook.takes_all or item.name in hook.names)
            values[item.name], error = check_literal(item, value, exempt=exempt)
            return error
        problem = self._missing_source(value)
        if problem:
            return broken_link(item.name, value, item.config, problem)
        source = self.graph[value.source]
        if source.type not in self.registry:
            return None  # the prompt's own error names this node
        output = self.registry[source.type].outputs[value.slot]
        received[item.name] = output.type
        skip = hook is not None and "input_types" in hook.names
        if skip or types_match(output.type, item.type):
            return None
        return wrong_link_type(item, value, source, output)

    def _missing_source(self, link: Link) -> str | None:
        """Say what a link lacks: its node, or the output of that node."""
        source = self.graph.get(link.source)
        if source is None:
            return f"node {shorten(link.source)} does not exist"
        if source.type not in self.registry:
            return None
        count = len(self.registry[source.type].outputs)
        if 0 <= link.slot < count:
            return None
        return (
            f"{source.type} #{source.id} has {count} outputs, numbered from 0; "
            f"there is no number {shorten(link.slot)}"
        )


async def _custom_check(
    spec: NodeSpec,
    hook: Hook,
    node: Node,
    declared: _TypeInputs,
    values: Mapping[str, Any],
    received: Mapping[str, Any],
) -> list[ValidationError]:
    """Ask the node type itself (VALIDATE_INPUTS, contract §4.1)."""
    given = {
        name: None if isinstance(value, Link) else value
        for name, value in values.items()
        if name in declared.names or isinstance(value, Link)
    }
    for name, token in declared.hidden.items():
        given[name] = node.id if plain_name(token) == "UNIQUE_ID" else None
    passed = {n: v for n, v in given.items() if hook.takes_all or n in hook.names}
    about = next((item.name for item in declared.inputs if item.name in passed), "")
    if spec.input_is_list:
        passed = {name: [value] for name, value in passed.items()}
    if "input_types" in hook.names:
        passed["input_types"] = [dict(received)] if spec.input_is_list else dict(received)
    try:
        answer = hook.call(**passed)
        if inspect.isawaitable(answer):
            answer = await answer
    except (Exception, SystemExit) as error:
        _logger.exception("node %s (%s): its own check failed", node.id, spec.type_id)
        return [_exception_error(f"{spec.type_id} could not check its inputs", error)]
    if answer is True:
        return []
    details = about if answer is False else f"{about} - {answer}"
    message = "The node refuses its inputs"
    return [make_error("custom_validation_failed", message, details, input_name=about)]


def _exception_error(message: str, error: BaseException) -> ValidationError:
    return make_error(
        "exception_during_validation",
        message,
        f"{type(error).__name__}: {error}",
        exception_type=type(error).__name__,
        traceback=traceback.format_tb(error.__traceback__),
    )


def _cycle_error(cycle: tuple[NodeId, ...]) -> ValidationError:
    return make_error(
        "exception_during_validation",
        "The graph has a circle",
        str(GraphCycleError(cycle)),
        exception_type="GraphCycleError",
        traceback=[],
        cycle=list(cycle),
    )
