"""`--set NODE.INPUT=VALUE`: replaces literal inputs of a graph before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import EngineError, UnknownNameError, shorten
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import loads
from engine.graph.model import Graph, Node
from engine.registry.registry import Registry


class AssignmentError(EngineError):
    """A `--set` argument cannot be read."""

    code = "bad_assignment"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One input's new value, still as text: its type decides how it is read."""

    node: str
    input: str
    text: str

    @classmethod
    def parse(cls, argument: str) -> Assignment:
        """Read NODE.INPUT=VALUE. Raises: AssignmentError."""
        place, equals, text = argument.partition("=")
        node, dot, name = place.rpartition(".")
        if not (equals and dot and node and name):
            raise AssignmentError(
                f"--set {argument}: expected NODE.INPUT=VALUE, for instance 3.seed=7."
            )
        return cls(node.strip(), name.strip(), text)


def assign(graph: Graph, assignments: Iterable[Assignment], registry: Registry) -> Graph:
    """Return the graph with the given inputs replaced.

    A node is named by its id, or by its title when no id fits and one node alone has it.

    Raises: UnknownNameError, AssignmentError.
    """
    nodes = dict(graph)
    for item in assignments:
        node = _find(nodes, item.node)
        declared = _declared_type(node, item.input, registry)
        value = _read(item, declared)
        nodes[node.id] = replace(node, inputs={**node.inputs, item.input: value})
    return Graph(nodes.values())


def _find(nodes: dict[str, Node], name: str) -> Node:
    if name in nodes:
        return nodes[name]
    titled = [node for node in nodes.values() if node.title == name]
    if len(titled) == 1:
        return titled[0]
    if titled:
        ids = ", ".join(node.id for node in titled)
        raise AssignmentError(f'--set: several nodes are titled "{name}"; use an id: {ids}.')
    raise UnknownNameError("--set: node", name, nodes)


def _declared_type(node: Node, name: str, registry: Registry) -> Any:
    """Return the wire type of an input; None where the node type is not known."""
    if node.type not in registry:
        return None
    sections = registry.input_types(node.type)
    known: list[str] = []
    for section in ("required", "optional"):
        # Packs may override `in` and `[]`, not `get` (contract §4.1).
        inputs = sections[section] if section in sections else {}  # noqa: SIM401
        if name in inputs:
            return inputs[name][0]
        known += list(inputs)
    raise UnknownNameError(f"--set: {node.type} #{node.id}, input", name, known)


def _read(item: Assignment, declared: Any) -> Any:
    """Read the text as the declared type wants it: text as it stands, menus by label, else JSON."""
    if declared == "STRING":
        return item.text
    if isinstance(declared, list):
        return next((option for option in declared if str(option) == item.text), item.text)
    try:
        value = loads(item.text, "--set")
    except WorkflowFormatError:
        value = item.text
    fits = _FITS.get(declared) if isinstance(declared, str) else None
    if fits is not None and not fits(value):
        raise AssignmentError(
            f"--set {item.node}.{item.input}: expected a value of type {declared}, "
            f"got {shorten(item.text)}."
        )
    return value


_FITS: dict[str, Callable[[Any], bool]] = {
    "INT": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "FLOAT": lambda value: type(value) in (int, float),
    "BOOLEAN": lambda value: type(value) is bool,
}
"""Stricter than a file's values are read: 2.7 steps typed by hand are a slip."""
