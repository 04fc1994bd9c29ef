"""Entries of /object_info (contract §4.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from engine.registry.decorator import node
from engine.registry.object_info import object_info
from engine.registry.v1 import v1_spec
from engine.registry.v3 import io
from engine.registry.v3.adapter import v3_spec
from engine.registry.widgets import AnyType, Choice, Output
from engine.types import Anything, Image
from tests.registry.registry_fakes import FakeFolders

ALWAYS = [
    "input",
    "input_order",
    "output",
    "output_is_list",
    "output_name",
    "name",
    "display_name",
    "description",
    "python_module",
    "category",
    "output_node",
]


@node("InfoSample", category="a/b", title="Info sample", experimental=True)
def info_sample(
    source: Anything, mode: Annotated[str, Choice(["x", "y"])] = "y", other: Image | None = None
) -> Annotated[Image, Output("picture", tooltip="A picture.")]:
    """Sample of a native node."""
    raise NotImplementedError


def test_a_native_node_is_described() -> None:
    assert object_info(info_sample.__node__, FakeFolders()) == {  # type: ignore[attr-defined]
        "input": {
            "required": {"source": ["*", {}], "mode": [["x", "y"], {"default": "y"}]},
            "optional": {"other": ["IMAGE", {}]},
        },
        "input_order": {"required": ["source", "mode"], "optional": ["other"]},
        "output": ["IMAGE"],
        "output_is_list": [False],
        "output_name": ["picture"],
        "output_tooltips": ["A picture."],
        "name": "InfoSample",
        "display_name": "Info sample",
        "description": "Sample of a native node.",
        "python_module": __name__,
        "category": "a/b",
        "output_node": False,
        "experimental": True,
    }


class LazyList(list[str]):
    def __iter__(self) -> Iterator[str]:
        return iter(["late"])


class Colour(Enum):
    red = "RED"


class Sample:
    """A V1 class whose options JSON does not know."""

    RETURN_TYPES: ClassVar[Any] = (AnyType("*"), ["a", "b"])
    FUNCTION = "run"
    options: ClassVar[dict[str, Any]] = {}

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"v": ("FLOAT", cls.options)}, "hidden": {"id": "UNIQUE_ID"}}

    def run(self) -> None:
        """Do nothing."""


def test_a_v1_class_has_no_keys_it_did_not_set() -> None:
    entry = object_info(v1_spec("Sample", Sample), FakeFolders())

    assert list(entry) == ALWAYS
    assert entry["display_name"] == "Sample"
    assert entry["output"] == ["*", ["a", "b"]]
    assert entry["input"]["hidden"] == {"id": "UNIQUE_ID"}
    assert entry["category"] == "sd"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("inf"), None),
        (("a", ("b",)), ["a", ["b"]]),
        (LazyList(), ["late"]),
        ({"b": 1}.keys(), ["b"]),
        (Colour.red, "RED"),
        (io.FolderType.temp, "temp"),
        (Path("a/b"), str(Path("a/b"))),
        (AnyType("*"), "*"),
        ({1: True}, {"1": True}),
        ("plain", "plain"),
        (2**64 - 1, 2**64 - 1),
    ],
)
def test_values_become_plain_json(value: Any, expected: Any) -> None:
    made = type("Made", (Sample,), {"options": {"custom": value}})

    entry = object_info(v1_spec("Made", made), FakeFolders())

    assert entry["input"]["required"]["v"] == ["FLOAT", {"custom": expected}]
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    shown = entry["input"]["required"]["v"][1]["custom"]
    assert type(shown) is type(expected)


def test_what_is_no_data_is_named() -> None:
    made = type("Made", (Sample,), {"options": {"custom": print}})

    with pytest.raises(TypeError, match=r"node type Made\.input\.required\.v\.custom"):
        object_info(v1_spec("Made", made), FakeFolders())


class Modern(io.ComfyNode):
    """A V3 node that sets nothing."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="Modern",
            inputs=[io.Combo.Input("c", options=["a"], optional=True)],
            outputs=[io.Image.Output()],
            hidden=[io.Hidden.unique_id],
        )


def test_a_v3_class_always_has_every_key() -> None:
    assert object_info(v3_spec(Modern), FakeFolders()) == {
        "input": {
            "required": {},
            "optional": {"c": ["COMBO", {"options": ["a"]}]},
            "hidden": {"unique_id": ["UNIQUE_ID"]},
        },
        "input_order": {"required": [], "optional": ["c"], "hidden": ["unique_id"]},
        "output": ["IMAGE"],
        "output_is_list": [False],
        "output_name": ["IMAGE"],
        "output_tooltips": [None],
        "name": "Modern",
        "display_name": None,
        "description": "",
        "python_module": "nodes",
        "category": "sd",
        "output_node": False,
        "deprecated": False,
        "experimental": False,
        "api_node": False,
    }
