"""`main.py nodes [NAME]`: the node types by category, or one type's help."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from engine.cli.compose import report_packs, settings_from
from engine.cli.terminal import prepare, printable, say
from engine.errors import EngineError, shorten
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec
from engine.workers.compose import compose_registry

_MENU_LIMIT = 8


def nodes_command(arguments: argparse.Namespace) -> int:
    """Print to standard output; return the exit status."""
    prepare(verbose=arguments.verbose)
    try:
        registry, packs = compose_registry(settings_from(arguments))
        report_packs(packs, verbose=arguments.verbose)
        lines = _help(registry, arguments.name) if arguments.name else _listing(registry)
        print(printable("\n".join(lines)))
    except EngineError as error:
        say(f"main.py nodes: {error}")
        return 1
    return 0


def _listing(registry: Registry) -> Iterator[str]:
    by_category: dict[str, list[NodeSpec]] = defaultdict(list)
    for spec in registry.values():
        by_category[spec.category].append(spec)
    for category in sorted(by_category):
        yield category
        for spec in sorted(by_category[category], key=lambda spec: spec.type_id):
            summary = spec.description.split("\n", 1)[0]
            yield f"  {spec.type_id:<32} {summary}"


def _help(registry: Registry, name: str) -> Iterator[str]:
    spec = registry.find(name)
    marks = [
        word
        for word, is_set in (
            ("output node", spec.is_output),
            ("deprecated", spec.deprecated),
            ("experimental", spec.experimental),
        )
        if is_set
    ]
    yield " · ".join([spec.type_id, spec.category, *marks])
    if spec.display_name and spec.display_name != spec.type_id:
        yield spec.display_name
    yield ""
    yield spec.description
    sections = registry.input_types(name)
    for section in ("required", "optional"):
        # Packs may override `in` and `[]`, not `get` (contract §4.1).
        inputs = sections[section] if section in sections else {}  # noqa: SIM401
        if inputs:
            yield ""
            yield "Inputs:" if section == "required" else "Optional inputs:"
        for input_name in inputs:
            yield from _describe_input(input_name, inputs[input_name])
    if spec.outputs:
        yield ""
        yield "Outputs:"
    for output in spec.outputs:
        wire = "COMBO" if isinstance(output.type, list) else str(output.type)
        named = wire if output.name == wire else f"{output.name} ({wire})"
        yield f"  {named}{' list' if output.is_list else ''}"


def _describe_input(name: str, declared: Any) -> Iterator[str]:
    options: Mapping[str, Any] = declared[1] if len(declared) > 1 else {}
    wire = declared[0]
    if isinstance(wire, list | tuple):
        shown = ", ".join(str(option) for option in wire[:_MENU_LIMIT])
        more = f", … ({len(wire)} in all)" if len(wire) > _MENU_LIMIT else ""
        kind = f"one of: {shown or 'nothing found'}{more}"
    else:
        kind = str(wire)
    bounds = [f"{key} {options[key]}" for key in ("min", "max") if key in options]
    if "default" in options:
        bounds.append(f"default {shorten(options['default'], 60)}")
    yield f"  {name}: {kind}{' (' + ', '.join(bounds) + ')' if bounds else ''}"
    if "tooltip" in options:
        yield f"      {options['tooltip']}"
