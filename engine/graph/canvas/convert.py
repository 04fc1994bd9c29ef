"""Turns a canvas workflow into the graph that runs (contract §1.6)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.errors import shorten
from engine.graph.canvas.declarations import Declarations
from engine.graph.canvas.flatten import Scope, unfold
from engine.graph.canvas.model import CanvasNode, CanvasWorkflow
from engine.graph.canvas.replace import replace_nodes
from engine.graph.canvas.resolve import Literal, resolve_link
from engine.graph.canvas.text import fill_placeholders, resolve_choices
from engine.graph.canvas.virtual import virtual_types
from engine.graph.canvas.widgets import (
    default_value,
    find_widgets,
    owns_widget,
    read_widgets,
    set_values,
)
from engine.graph.errors import Problem
from engine.graph.input_checks import DeclaredInput, plain_name
from engine.graph.model import Graph, Link, Node
from engine.registry.registry import Registry

_SAMPLER_TYPES = ("KSampler", "KSamplerAdvanced")
_NAMES: tuple[Callable[[CanvasNode], Any], ...] = (
    lambda node: node.properties.get("Node name for S&R"),
    lambda node: node.title,
)
"""What `%Node.widget%` may call a node."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A graph, and what the artist should know about how it came about."""

    graph: Graph
    problems: list[Problem]


def canvas_to_graph(
    workflow: CanvasWorkflow,
    registry: Registry,
    *,
    rng: random.Random | None = None,
    now: datetime | None = None,
) -> Conversion:
    """Return the graph a canvas workflow stands for.

    Unknown node types are kept, for the run to name them, unless nothing is linked to them.

    Args:
        rng: Makes the choices of `{a|b}` in prompts; by default each conversion chooses anew.
        now: Time for `%date:…%` in file names; by default the present, local time.

    Raises: WorkflowFormatError, for a malformed group node or far too many nested nodes.
    """
    converter = _Converter(registry, rng or random.Random(), now or datetime.now().astimezone())
    return converter.convert(workflow)


def _overrides(
    scope: Scope, node_id: str, declared: Sequence[DeclaredInput] | None
) -> dict[str, Any]:
    """Return the values an instance holds for a node's inputs; it holds seed controls too."""
    held = {name: v for (target, name), v in scope.overrides.items() if target == node_id}
    names = held.keys() - {"control_after_generate"}
    if declared is not None:
        names &= {item.name for item in declared}
    return {name: held[name] for name in names}


class _Converter:
    """One conversion: the nodes that run, their widget values, and the problems found."""

    def __init__(self, registry: Registry, rng: random.Random, now: datetime) -> None:
        self.registry, self.rng, self.now = registry, rng, now
        self.problems: list[Problem] = []
        self.declarations = Declarations(registry)
        self.virtual = virtual_types(registry)
        self.running: dict[str, tuple[Scope, CanvasNode]] = {}
        self.values: dict[str, dict[str, Any]] = {}
        """Of each running node's inputs: their own, or what is given to them."""
        self.links: dict[str, dict[str, Link]] = {}

    def report(
        self, code: str, message: str, node_id: str | None = None, input_name: str | None = None
    ) -> None:
        self.problems.append(Problem(code, message, node_id, input_name))

    def convert(self, workflow: CanvasWorkflow) -> Conversion:
        workflow, self.problems = replace_nodes(workflow, self.registry)
        root, problems = unfold(workflow, self.declarations)
        self.problems += problems
        for scope in root.walk():
            linked = scope.linked_nodes()
            for node_id, node in scope.nodes.items():
                runs = node.type not in self.virtual and not scope.mode_of(node)
                if runs and node_id not in scope.inner:
                    self._add(scope, scope.prefix + node_id, node, linked=node_id in linked)
        self._give()
        nodes = [self._node(exec_id) for exec_id in self.running]
        problems = self.declarations.problems + self.problems
        return Conversion(Graph(self._without_dead_links(node) for node in nodes), problems)

    def _add(self, scope: Scope, exec_id: str, node: CanvasNode, *, linked: bool) -> None:
        if exec_id in self.running:
            self.report("duplicate_id", "another node has the same id; only one runs", exec_id)
            return
        if not linked and node.type not in self.registry:
            # Labels, switches and the like: packs' own canvas nodes, of which no engine knows.
            message = f"its type {shorten(node.type)} is not known; without links it is left out"
            self.report("left_out", message, exec_id)
            return
        self.running[exec_id] = scope, node
        self.values[exec_id] = self._widget_values(scope, exec_id, node)

    def _widget_values(self, scope: Scope, exec_id: str, node: CanvasNode) -> dict[str, Any]:
        declared = self.declarations(node.type)
        if node.type not in self.registry:
            self.report("unknown_type", f'its type "{node.type}" is not known', exec_id)
        places = find_widgets(declared, node)
        if places.unplaced:
            self.report(
                "unplaced_values",
                f"{places.unplaced} of its widget values belong to no input that is known",
                exec_id,
            )
        values = {**read_widgets(places, node), **set_values(node)}
        values.update(_overrides(scope, exec_id.removeprefix(scope.prefix), declared))
        linked = {socket.name for socket in node.inputs if socket.link is not None}
        for item in declared or ():
            if item.name in values or not owns_widget(item):
                continue
            values[item.name] = default_value(item)
            if item.name not in linked:
                message = f"no value was saved, so its default {values[item.name]!r} is used"
                self.report("default_used", message, exec_id, item.name)
        name = values.get("sampler_name")
        if node.type in _SAMPLER_TYPES and isinstance(name, str):
            values["sampler_name"] = name.removeprefix("sample_")
        return values

    def _give(self) -> None:
        """Give inputs the values of primitives and promoted widgets.

        Placeholders in names of files mean these. Texts with placeholders of their own come last,
        for all they name is known then.
        """
        texts: list[tuple[str, str, str]] = []
        for exec_id in self.running:
            self.links[exec_id] = {}
            for name, source in self._sources(exec_id):
                if isinstance(source, Link):
                    self.links[exec_id][name] = source
                elif source.substitute and isinstance(source.value, str):
                    texts.append((exec_id, name, source.value))
                else:
                    self.values[exec_id][name] = source.value
        for exec_id, name, text in texts:
            self.values[exec_id][name] = self._fill(self.running[exec_id][0], text)

    def _sources(self, exec_id: str) -> Iterator[tuple[str, Link | Literal]]:
        scope, node = self.running[exec_id]
        for socket in node.inputs:
            if socket.link is None:
                continue

            def report(code: str, message: str, name: str = socket.name) -> None:
                self.report(code, f'input "{name}": {message}', exec_id, name)

            source = resolve_link(scope, socket.link, socket.type, self.virtual, report)
            if source is not None:
                yield socket.name, source

    def _node(self, exec_id: str) -> Node:
        scope, node = self.running[exec_id]
        declared = {item.name: item for item in self.declarations(node.type) or ()}
        inputs = {
            name: self._run_hooks(scope, declared.get(name), value)
            for name, value in self.values[exec_id].items()
        }
        inputs.update(self.links[exec_id])
        spec = self.registry.get(node.type)
        title = node.title or (spec.display_name if spec else None) or node.type
        return Node(exec_id, node.type, inputs, title)

    def _run_hooks(self, scope: Scope, item: DeclaredInput | None, value: Any) -> Any:
        """Return a widget's value as the canvas would send it."""
        if not isinstance(value, str) or item is None:
            return value
        if item.options.get("dynamicPrompts"):
            return resolve_choices(value, self.rng)
        if item.name == "filename_prefix" and plain_name(item.type) == "STRING":
            return self._fill(scope, value)
        return value

    def _fill(self, scope: Scope, text: str) -> str:
        return fill_placeholders(
            text, lambda node, widget: self._find(scope, node, widget), self.now
        )

    def _find(self, scope: Scope, name: str, widget: str) -> str | None:
        """Return a widget's value as text: node by search name, then title; own scope first."""
        by_distance = sorted(self.running.items(), key=lambda item: item[1][0] is not scope)
        for name_of in _NAMES:
            for exec_id, (_, node) in by_distance:
                if name_of(node) == name and widget in self.values[exec_id]:
                    return str(self.values[exec_id][widget])
        return None

    def _without_dead_links(self, node: Node) -> Node:
        """Remove links from nodes that do not run, as the canvas does."""
        dead = [name for name, link in node.links() if link.source not in self.running]
        if not dead:
            return node
        kept = {name: value for name, value in node.inputs.items() if name not in dead}
        return replace(node, inputs=kept)
