"""Registries for tests: made from an object_info file, or from declared inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.registry.registry import Registry
from engine.registry.spec import Folders, Hook, InputTypes, NodeSpec, OutputSpec

FIXTURES = Path(__file__).parent / "fixtures"


class NoFolders:
    """No files at all."""

    def names(self, key: str) -> list[str]:
        return []

    def resolve(self, key: str, name: str) -> Path:
        raise FileNotFoundError(name)

    def directory(self, kind: str) -> Path:
        raise FileNotFoundError(kind)


def make_spec(
    type_id: str,
    inputs: InputTypes | Callable[[], InputTypes] | None = None,
    outputs: tuple[Any, ...] = (),
    *,
    output: bool = False,
    validate: Hook | None = None,
    input_is_list: bool = False,
    title: str | None = None,
) -> NodeSpec:
    """A node type that cannot be called."""

    def read_inputs(folders: Folders) -> InputTypes:
        return inputs() if callable(inputs) else inputs or {"required": {}}

    def call(instance: Any, inputs: dict[str, Any], context: object) -> Any:
        raise AssertionError("these tests run no node")

    return NodeSpec(
        type_id=type_id,
        display_name=title,
        outputs=tuple(OutputSpec(kind, str(kind)) for kind in outputs),
        is_output=output,
        input_is_list=input_is_list,
        input_types=read_inputs,
        create=lambda: None,
        call=call,
        validate=validate,
    )


def make_registry(*specs: NodeSpec) -> Registry:
    registry = Registry(NoFolders())
    for spec in specs:
        registry.add(spec)
    return registry


def fixture_registry() -> Registry:
    """The node types of fixtures/object_info.json."""
    described = json.loads((FIXTURES / "object_info.json").read_text("utf-8"))
    return make_registry(*(_from_object_info(entry) for entry in described.values()))


def _from_object_info(entry: Mapping[str, Any]) -> NodeSpec:
    return make_spec(
        entry["name"],
        entry["input"],
        tuple(entry["output"]),
        output=entry["output_node"],
        title=entry["display_name"],
    )
