"""The documented example pack loads, runs, and brings what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.graph.reading import read_workflow
from engine.registry.object_info import object_info
from engine.server import packs as server_packs
from tests.compat.pack_bench import Bench, pack_bench

PACK = Path(__file__).resolve().parents[2] / "custom_nodes" / "example_pack"
TYPES = ("ExampleTint", "ExampleCheckerboardMask")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base"), PACK) as made:
        yield made


def test_it_loads_with_both_forms_of_nodes(bench: Bench) -> None:
    (report,) = bench.engine.packs

    assert (report.error, report.failed_types, report.node_types) == (None, {}, TYPES)
    registry = bench.engine.registry
    assert [registry[type_id].source for type_id in TYPES] == ["v1", "v3"]
    info = [object_info(registry[type_id], registry.folders) for type_id in TYPES]
    assert [entry["display_name"] for entry in info] == [
        "Tint (Example)",
        "Checkerboard Mask (Example)",
    ]
    assert {entry["python_module"] for entry in info} == {"custom_nodes.example_pack"}


def test_its_example_workflow_makes_a_picture(bench: Bench) -> None:
    document = json.loads((PACK / "example_workflows" / "tint.json").read_text())
    assert read_workflow(document, bench.engine.registry, where="tint.json").problems == []
    prompt: Any = {key: (node["class_type"], node["inputs"]) for key, node in document.items()}

    result = bench.run(prompt)

    assert result.error is None
    (entry,) = result.outputs["4"]["images"]
    with Image.open(bench.engine.settings.base / "output" / entry["filename"]) as picture:
        assert picture.getpixel((0, 0)) == (192, 192, 192), "the first square is not tinted"
        assert picture.getpixel((32, 0)) == (192, 163, 115), "the next one is: 192 x (1, .85, .6)"


def test_its_texts_name_its_nodes_and_their_inputs_in_every_language(bench: Bench) -> None:
    merged = server_packs.translations(pack.path for pack in bench.engine.packs)

    assert set(merged) == {"en", "zh"}
    for language in merged.values():
        assert set(language["nodeDefs"]) == set(TYPES)
        for type_id, texts in language["nodeDefs"].items():
            sections = bench.engine.registry.input_types(type_id)
            inputs = {name for section in sections.values() for name in section}
            assert set(texts["inputs"]) <= inputs


def test_its_browser_files_help_and_example_are_found(bench: Bench) -> None:
    (report,) = bench.engine.packs
    web = report.web["example_pack"]

    assert (web / "example_pack.js").is_file()
    assert (web / "docs" / "ExampleTint.md").is_file()
    names = server_packs.template_names([report.path])
    assert names == {"example_pack": ["tint"]}
