"""Built-in nodes have the interfaces that existing workflow files rely on.

`core_nodes.json` holds the whole table; nodes that are not built yet are passed over, and are
checked from the day they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nodes
from engine.registry.discovery import load_builtin
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec
from tests.registry.registry_fakes import FakeFolders

TABLE = json.loads(Path(__file__).with_name("core_nodes.json").read_text("utf-8"))

REGISTRY = Registry(FakeFolders())
load_builtin(REGISTRY, nodes)

BUILT = [
    pytest.param(spec, TABLE["nodes"][type_id], id=type_id)
    for type_id, spec in sorted(REGISTRY.items())
    if type_id in TABLE["nodes"]
]
FLAGS = {
    "output_node": "is_output",
    "deprecated": "deprecated",
    "experimental": "experimental",
    "input_is_list": "input_is_list",
}


def sections(spec: NodeSpec) -> list[tuple[str, bool, Any, dict[str, Any]]]:
    declared = REGISTRY.input_types(spec.type_id)
    return [
        (name, section == "optional", wire_type, options)
        for section in ("required", "optional")
        for name, (wire_type, options) in declared.get(section, {}).items()
    ]


def in_sections(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(inputs, key=lambda row: bool(row.get("optional")))


def test_the_table_is_whole() -> None:
    assert len(TABLE["nodes"]) == 222
    assert len(BUILT) > 0


@pytest.mark.parametrize(("spec", "row"), BUILT)
def test_names_order_and_sections_are_those_files_use(spec: NodeSpec, row: dict[str, Any]) -> None:
    expected = [(item["name"], bool(item.get("optional"))) for item in in_sections(row["inputs"])]

    assert [(name, optional) for name, optional, _, _ in sections(spec)] == expected


@pytest.mark.parametrize(("spec", "row"), BUILT)
def test_inputs_have_the_same_types_and_controls(spec: NodeSpec, row: dict[str, Any]) -> None:
    for (name, _, wire_type, options), item in zip(
        sections(spec), in_sections(row["inputs"]), strict=True
    ):
        where = f"{spec.type_id}.{name}"
        if item["type"] == "COMBO":
            check_menu(where, wire_type, options, item)
        else:
            assert str(wire_type) == item["type"], where
            check_control(where, options, item)


@pytest.mark.parametrize(("spec", "row"), BUILT)
def test_outputs_have_the_same_types_and_names(spec: NodeSpec, row: dict[str, Any]) -> None:
    expected = [(o["type"], o["name"], bool(o.get("is_list"))) for o in row["outputs"]]

    assert [(str(o.type), o.name, o.is_list) for o in spec.outputs] == expected


@pytest.mark.parametrize(("spec", "row"), BUILT)
def test_title_category_and_flags_are_the_same(spec: NodeSpec, row: dict[str, Any]) -> None:
    assert (spec.display_name or spec.type_id) == row["title"]
    assert spec.category == row["category"]
    for key, attribute in FLAGS.items():
        assert getattr(spec, attribute) is bool(row.get(key)), key


def check_control(where: str, options: dict[str, Any], item: dict[str, Any]) -> None:
    for key in ("min", "max", "round"):
        assert options.get(key) == item.get(key), f"{where}: {key}"
    for key in ("multiline", "dynamicPrompts", "control_after_generate"):
        assert bool(options.get(key)) == bool(item.get(key)), f"{where}: {key}"
    if "default" in item:
        assert options.get("default") == item["default"], f"{where}: default"
    else:
        assert not options.get("default"), f"{where}: default"
    if item["type"] in ("INT", "FLOAT"):
        whole = item["type"] == "INT"
        assert options.get("step", 1 if whole else None) == item.get("step", 1 if whole else None)


def check_menu(where: str, wire_type: Any, options: dict[str, Any], item: dict[str, Any]) -> None:
    if item.get("remote"):
        assert wire_type == "COMBO", where
        assert "remote" in options, where
        return
    assert isinstance(wire_type, list), where
    if "list" in item:
        # Fewer are built than the table names; those that are keep its order.
        known = TABLE[item["list"]]
        assert wire_type == [name for name in known if name in wire_type], where
        assert wire_type, where
    elif "folder" in item:
        assert any(str(entry).startswith(f"{item['folder']}.") for entry in wire_type), where
    else:
        assert wire_type == item["options"], where
    if "default" in item:
        assert options.get("default") == item["default"], where
    elif "options" in item:
        assert options.get("default", item["options"][0]) == item["options"][0], where
    assert bool(options.get("image_upload")) == bool(item.get("image_upload")), where
