"""Every built-in node keeps the rules of the registry, whichever it is."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from typing import Any

import pytest

import nodes
from engine.registry.discovery import load_builtin
from engine.registry.docstring import parse_docstring
from engine.registry.object_info import object_info
from engine.registry.registry import Registry
from engine.registry.spec import NodeContext, NodeSpec
from engine.registry.widgets import AnyType
from tests.registry.registry_fakes import FakeFolders


def builtin_registry() -> Registry:
    registry = Registry(FakeFolders())
    load_builtin(registry, nodes)
    return registry


REGISTRY = builtin_registry()
SPECS = [pytest.param(spec, id=type_id) for type_id, spec in sorted(REGISTRY.items())]


OBVIOUS = {"value", "upscale_method", "interpolation"}
"""Controls whose name says it all."""


def is_control(wire_type: Any) -> bool:
    controls = {"INT", "FLOAT", "BOOLEAN", "COMBO"}
    return isinstance(wire_type, list) or (
        not isinstance(wire_type, AnyType) and wire_type in controls
    )


def explains_menu(description: str, wire_type: Any) -> bool:
    """Tell whether the node's own help goes through the entries of a menu."""
    return isinstance(wire_type, list) and all(str(entry) in description for entry in wire_type)


def function_of(spec: NodeSpec) -> Any:
    module = importlib.import_module(spec.python_module)
    return next(
        value for value in vars(module).values() if getattr(value, "__node__", None) is spec
    )


def declared_inputs(spec: NodeSpec) -> dict[str, tuple[Any, dict[str, Any]]]:
    sections = REGISTRY.input_types(spec.type_id)
    return {name: entry for section in sections.values() for name, entry in section.items()}


@pytest.mark.parametrize("spec", SPECS)
def test_inputs_are_the_parameters_in_their_order(spec: NodeSpec) -> None:
    parameters = inspect.signature(function_of(spec), eval_str=True).parameters.values()
    expected = sum(parameter.annotation is not NodeContext for parameter in parameters)

    assert len(declared_inputs(spec)) == expected


@pytest.mark.parametrize("spec", SPECS)
def test_required_inputs_come_before_optional_ones(spec: NodeSpec) -> None:
    assert set(REGISTRY.input_types(spec.type_id)) <= {"required", "optional"}


@pytest.mark.parametrize("spec", SPECS)
def test_help_says_what_the_node_and_its_controls_do(spec: NodeSpec) -> None:
    assert len(spec.description.split()) > 2, f"{spec.type_id} has no help"
    unexplained = [
        name
        for name, (wire_type, options) in declared_inputs(spec).items()
        if is_control(wire_type)
        and not options.get("tooltip")
        and name not in OBVIOUS
        and not explains_menu(spec.description, wire_type)
    ]
    assert not unexplained, f"{spec.type_id}: these inputs have no tooltip: {unexplained}"


@pytest.mark.parametrize("spec", SPECS)
def test_help_names_no_parameter_that_does_not_exist(spec: NodeSpec) -> None:
    function = function_of(spec)
    explained = set(parse_docstring(function.__doc__).args)

    assert explained <= set(inspect.signature(function).parameters)


@pytest.mark.parametrize("spec", SPECS)
def test_a_node_stands_in_a_file_of_its_name_or_idea(spec: NodeSpec) -> None:
    package, area, module = spec.python_module.split(".")
    assert (package, bool(area)) == ("nodes", True)
    siblings = [other for other in REGISTRY.values() if other.python_module == spec.python_module]
    if len(siblings) == 1:
        words = re.sub(r"[_ ]", "", spec.type_id).lower()
        assert set(module.split("_")) & set(function_of(spec).__name__.split("_")) or (
            module.replace("_", "") == words
        )


@pytest.mark.parametrize("spec", SPECS)
def test_a_category_is_set(spec: NodeSpec) -> None:
    assert re.fullmatch(r"[^/]+(/[^/]+)*", spec.category)


@pytest.mark.parametrize("spec", SPECS)
def test_an_entry_of_object_info_is_plain_json(spec: NodeSpec) -> None:
    entry = object_info(spec, REGISTRY.folders)

    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert list(entry["input"]["required"]) == entry["input_order"]["required"]
    assert len(entry["output"]) == len(entry["output_name"]) == len(entry["output_is_list"])


@pytest.mark.parametrize("spec", SPECS)
def test_an_output_node_shows_and_others_give(spec: NodeSpec) -> None:
    assert spec.is_output or spec.outputs


@pytest.mark.parametrize("spec", SPECS)
def test_each_call_gives_fresh_declarations(spec: NodeSpec) -> None:
    for _, options in declared_inputs(spec).values():
        options.clear()

    assert REGISTRY.input_types(spec.type_id) == spec.input_types(REGISTRY.folders)
    first = declared_inputs(spec)
    assert all(
        options is not first[name][1] for name, (_, options) in declared_inputs(spec).items()
    )
