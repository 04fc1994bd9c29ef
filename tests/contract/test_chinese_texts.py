"""Every built-in node speaks Chinese: its title, help, inputs, outputs, tooltips and category."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nodes
from engine.registry.discovery import load_builtin
from engine.registry.object_info import object_info
from engine.registry.registry import Registry
from tests.registry.registry_fakes import FakeFolders

_FOLDER = Path(__file__).resolve().parents[2] / "web/locales/zh/nodes"
_REGISTRY = Registry(FakeFolders())
load_builtin(_REGISTRY, nodes)


def _texts() -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {"nodeDefs": {}, "nodeCategories": {}}
    for name in json.loads((_FOLDER / "index.json").read_text("utf-8")):
        for section, texts in json.loads((_FOLDER / f"{name}.json").read_text("utf-8")).items():
            assert not merged[section].keys() & texts.keys(), f"{name}.json repeats a text"
            merged[section] |= texts
    return merged


_TEXTS = _texts()


def test_no_text_is_left_of_a_node_that_went() -> None:
    assert not set(_TEXTS["nodeDefs"]) - set(_REGISTRY)


@pytest.mark.parametrize("type_id", sorted(_REGISTRY))
def test_a_node_is_named_and_explained_in_chinese(type_id: str) -> None:
    described = object_info(_REGISTRY[type_id], FakeFolders())
    text = _TEXTS["nodeDefs"][type_id]
    assert text["display_name"]
    assert bool(text["description"]) == bool(described["description"])
    declared = {
        name: declaration[1] if len(declaration) > 1 else {}
        for section in ("required", "optional")
        for name, declaration in described["input"].get(section, {}).items()
    }
    assert set(text["inputs"]) == set(declared)
    for name, options in declared.items():
        assert text["inputs"][name]["name"]
        assert bool(text["inputs"][name].get("tooltip")) == bool(options.get("tooltip")), name
    assert set(text["outputs"]) == {str(index) for index in range(len(described["output"]))}
    for part in described["category"].split("/"):
        assert _TEXTS["nodeCategories"][part]


def test_categories_that_are_no_words_have_an_english_title_too() -> None:
    english = json.loads((_FOLDER / "../../en/nodes/categories.json").read_text("utf-8"))
    parts = {part for type_id in _REGISTRY for part in _REGISTRY[type_id].category.split("/")}
    assert {part for part in parts if "_" in part} == set(english["nodeCategories"])
