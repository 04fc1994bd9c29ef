from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.api_format import parse_api, write_api
from engine.graph.canvas import (
    Conversion,
    canvas_to_graph,
    graph_to_canvas,
    parse_canvas,
    write_canvas,
)
from engine.graph.errors import WorkflowFormatError
from engine.graph.model import Link
from tests.graph.fake_registry import FIXTURES, fixture_registry, make_registry, make_spec
from tests.strategies import api_prompts, canvas_workflows, json_values

REGISTRY = fixture_registry()
CASES = sorted(path.name.removesuffix(".canvas.json") for path in FIXTURES.glob("*.canvas.json"))
NOW = datetime(2024, 3, 5, 6, 7, 8)


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def convert(data: Any) -> Conversion:
    return canvas_to_graph(parse_canvas(data), REGISTRY, rng=random.Random(1), now=NOW)


def codes(conversion: Conversion) -> set[tuple[str, str | None]]:
    return {(problem.code, problem.node_id) for problem in conversion.problems}


def canvas(*nodes: dict[str, Any], links: Any = (), **root: Any) -> dict[str, Any]:
    return {"version": 0.4, "nodes": list(nodes), "links": list(links), **root}


@pytest.mark.parametrize("name", CASES)
def test_a_canvas_becomes_the_api_prompt_it_stands_for(name: str) -> None:
    found = convert(load(FIXTURES / f"{name}.canvas.json"))
    assert write_api(found.graph) == load(FIXTURES / f"{name}.api.json")


@pytest.mark.parametrize("name", [name for name in CASES if name != "unknown_types"])
def test_a_clean_file_has_no_problems(name: str) -> None:
    found = convert(load(FIXTURES / f"{name}.canvas.json"))
    assert codes(found) == set()


def test_unknown_types_are_reported_with_their_unplaced_values() -> None:
    found = convert(load(FIXTURES / "unknown_types.canvas.json"))
    assert codes(found) == {
        ("unknown_type", "1"),
        ("unplaced_values", "1"),
        ("left_out", "abc"),
    }


@pytest.mark.parametrize("name", [name for name in CASES if name != "texts"])
def test_an_api_prompt_laid_out_on_the_canvas_converts_back(name: str) -> None:
    graph = convert(load(FIXTURES / f"{name}.canvas.json")).graph
    workflow = graph_to_canvas(graph, REGISTRY)
    again = convert(json.loads(json.dumps(write_canvas(workflow)))).graph
    filled = convert(write_canvas(graph_to_canvas(again, REGISTRY), 1)).graph
    assert again == filled
    for node in graph.values():
        assert again[node.id].type == node.type
        assert again[node.id].title == node.title
        assert {n: again[node.id].inputs[n] for n in node.inputs} == node.inputs


@given(api_prompts())
@settings(deadline=None, max_examples=15)
def test_any_api_prompt_settles_after_one_round(prompt: dict[str, Any]) -> None:
    for index, entry in enumerate(prompt.values()):
        if index % 2:
            entry["class_type"] = ["KSampler", "LoadImage", "TextMix"][index // 2 % 3]
    once = convert(write_canvas(graph_to_canvas(parse_api(prompt), REGISTRY))).graph
    twice = convert(write_canvas(graph_to_canvas(once, REGISTRY))).graph
    assert once == twice


@given(canvas_workflows())
@settings(deadline=None, max_examples=15)
def test_conversion_never_raises_on_a_readable_canvas(data: dict[str, Any]) -> None:
    found = convert(data)
    assert all(
        link.source in found.graph for node in found.graph.values() for _, link in node.links()
    )


def test_choices_come_from_the_given_generator() -> None:
    node = {"id": 1, "type": "CLIPTextEncode", "widgets_values": ["{a|b|c|{d|e}}"]}
    workflow = parse_canvas(canvas(node))

    def text(seed: int) -> Any:
        graph = canvas_to_graph(workflow, REGISTRY, rng=random.Random(seed)).graph
        return graph["1"].inputs["text"]

    assert text(3) == text(3)
    assert {text(seed) for seed in range(60)} == set("abcde")


def test_a_missing_value_takes_the_default_and_says_so() -> None:
    found = convert(canvas({"id": 1, "type": "EmptyLatentImage", "widgets_values": [64]}))
    assert found.graph["1"].inputs == {"width": 64, "height": 512, "batch_size": 1}
    assert [(p.code, p.input) for p in found.problems] == [
        ("default_used", "height"),
        ("default_used", "batch_size"),
    ]
    assert "512" in str(found.problems[0])


def test_links_from_nowhere_are_reported() -> None:
    sockets = [
        {"name": "samples", "type": "LATENT", "link": 1},
        {"name": "vae", "type": "VAE", "link": 2},
    ]
    node = {"id": 1, "type": "VAEDecode", "inputs": sockets}
    found = convert(canvas(node, links=[[1, 77, 0, 1, 0, "LATENT"]]))
    assert found.graph["1"].inputs == {}
    assert [p.code for p in found.problems] == ["missing_link", "missing_link"]


def test_reroutes_in_a_circle_bring_nothing() -> None:
    def reroute(node_id: int, link: int) -> dict[str, Any]:
        socket = {"name": "", "type": "*", "link": link}
        return {"id": node_id, "type": "Reroute", "inputs": [socket]}

    socket = {"name": "images", "type": "IMAGE", "link": 3}
    show = {"id": 3, "type": "PreviewImage", "inputs": [socket]}
    links = [[1, 2, 0, 1, 0, "*"], [2, 1, 0, 2, 0, "*"], [3, 1, 0, 3, 0, "*"]]
    found = convert(canvas(reroute(1, 1), reroute(2, 2), show, links=links))
    assert found.graph["3"].inputs == {}
    assert codes(found) == {("circle", "3")}


def test_a_chain_of_5000_reroutes_is_followed() -> None:
    nodes: list[dict[str, Any]] = [{"id": 0, "type": "LoadImage", "widgets_values": ["a.png"]}]
    nodes += [
        {"id": i, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": i}]}
        for i in range(1, 5000)
    ]
    socket = {"name": "images", "type": "IMAGE", "link": 5000}
    nodes.append({"id": 5000, "type": "PreviewImage", "inputs": [socket]})
    links = [[i, i - 1, 0, i, 0, "IMAGE"] for i in range(1, 5001)]
    assert convert(canvas(*nodes, links=links)).graph["5000"].inputs == {"images": Link("0", 0)}


def test_duplicate_ids_are_reported_and_the_first_kept() -> None:
    found = convert(canvas({"id": 1, "type": "LoadImage"}, {"id": "1", "type": "PreviewImage"}))
    assert found.graph["1"].type == "LoadImage"
    assert ("duplicate_id", "1") in codes(found)


def subgraph(subgraph_id: str, *types: str) -> dict[str, Any]:
    nodes = [{"id": index, "type": kind} for index, kind in enumerate(types)]
    return {"id": subgraph_id, "name": subgraph_id, "nodes": nodes}


def test_a_subgraph_inside_itself_is_reported() -> None:
    definitions = {"subgraphs": [subgraph("a", "b"), subgraph("b", "a", "LoadImage")]}
    found = convert(canvas({"id": 1, "type": "a"}, definitions=definitions))
    assert ("nested_in_itself", "1:0:0") in codes(found)
    assert "1:0:1" in found.graph


def test_subgraphs_that_multiply_without_end_are_refused() -> None:
    definitions = {
        "subgraphs": [subgraph(str(i), *[str(i + 1)] * 10) for i in range(12)]
        + [subgraph("12", "LoadImage")]
    }
    with pytest.raises(WorkflowFormatError, match="more than 100000 nodes"):
        convert(canvas({"id": 1, "type": "0"}, definitions=definitions))


def test_a_type_that_cannot_list_its_inputs_is_kept() -> None:
    def broken() -> Any:
        raise RuntimeError("no folder")

    workflow = parse_canvas(canvas({"id": 1, "type": "Broken", "widgets_values": [1]}))
    found = canvas_to_graph(workflow, make_registry(make_spec("Broken", broken)))
    assert found.graph["1"].type == "Broken"
    assert codes(found) == {("broken_type", None), ("unplaced_values", "1")}


def test_values_beyond_the_known_widgets_are_reported() -> None:
    node = {"id": 1, "type": "EmptyLatentImage", "widgets_values": [64, 64, 1, 5, 6]}
    found = convert(canvas(node))
    assert found.graph["1"].inputs == {"width": 64, "height": 64, "batch_size": 1}
    assert codes(found) == {("unplaced_values", "1")}


def test_ids_become_numbers_only_where_nothing_is_lost() -> None:
    ids = ["7", "007", "12:5", "²", "x"]
    graph = parse_api({i: {"class_type": "LoadImage", "inputs": {}} for i in ids})
    found = [node.id for node in graph_to_canvas(graph, REGISTRY).graph.nodes]
    assert found == [7, "007", "12:5", "²", "x"]


def test_nodes_stand_right_of_what_feeds_them() -> None:
    graph = parse_api(load(FIXTURES / "default_0.4.api.json"))
    left = {str(n.id): n.extra["pos"][0] for n in graph_to_canvas(graph, REGISTRY).graph.nodes}
    assert all(left[k.source] < left[n.id] for n in graph.values() for _, k in n.links())


def test_an_outer_instance_holds_values_of_a_widget_two_levels_down() -> None:
    def instance(node_id: int, kind: str, inner: str, value: int) -> dict[str, Any]:
        properties = {"proxyWidgets": [[inner, "width"]]}
        return {"id": node_id, "type": kind, "properties": properties, "widgets_values": [value]}

    latent = {"id": 3, "type": "EmptyLatentImage", "widgets_values": [1, 2, 3]}
    deep = {"id": "deep", "name": "deep", "nodes": [latent]}
    middle = {"id": "middle", "name": "middle", "nodes": [instance(2, "deep", "3", 20)]}
    root = canvas(instance(1, "middle", "2", 30), definitions={"subgraphs": [deep, middle]})
    assert convert(root).graph["1:2:3"].inputs["width"] == 30


def test_empty_values_beyond_the_known_widgets_are_no_problem() -> None:
    found = convert(
        canvas({"id": 1, "type": "EmptyLatentImage", "widgets_values": [8, 8, 1, None]})
    )
    assert found.problems == []


@given(
    st.dictionaries(st.sampled_from(["nodes", "links", "external", "config"]), json_values()),
    json_values(),
)
@settings(deadline=None, max_examples=50)
def test_any_body_of_a_group_node_is_read_or_refused(body: Any, values: Any) -> None:
    node = {"id": 1, "type": "workflow>G", "widgets_values": values}
    workflow = parse_canvas(canvas(node, extra={"groupNodes": {"G": body}}))
    try:
        graph = canvas_to_graph(workflow, REGISTRY).graph
    except WorkflowFormatError:
        return
    assert all(node.id == node_id for node_id, node in graph.items())


def test_a_group_node_without_a_body_is_an_unknown_type() -> None:
    socket = {"name": "image", "type": "IMAGE", "link": 1}
    lost = {"id": 1, "type": "workflow>Lost", "inputs": [socket]}
    picture = {"id": 2, "type": "LoadImage", "widgets_values": ["a.png"]}
    found = convert(canvas(lost, picture, links=[[1, 2, 0, 1, 0, "IMAGE"]]))
    assert codes(found) == {("unknown_type", "1")}


def test_an_unknown_node_without_links_is_left_out_with_a_note() -> None:
    label = {"id": 7, "type": "Label (some pack)", "widgets_values": ["upscale here"]}
    found = convert(canvas(label, {"id": 1, "type": "LoadImage", "widgets_values": ["a.png"]}))
    assert set(found.graph) == {"1"}
    assert codes(found) == {("left_out", "7")}
    assert "Label (some pack)" in str(found.problems[0])


def named(node_id: int, kind: str, name: str, link: int | None = None) -> dict[str, Any]:
    socket = {"name": "IMAGE", "type": "IMAGE", "link": link}
    return {"id": node_id, "type": kind, "inputs": [socket], "widgets_values": [name]}


def test_a_get_node_brings_what_the_set_node_of_its_name_is_given() -> None:
    picture = {"id": 1, "type": "LoadImage", "widgets_values": ["a.png"]}
    show = {
        "id": 5,
        "type": "PreviewImage",
        "inputs": [{"name": "images", "type": "IMAGE", "link": 3}],
    }
    data = canvas(
        picture,
        named(2, "SetNode", "other"),
        named(3, "SetNode", "photo", link=1),
        named(4, "GetNode", "photo"),
        show,
        links=[[1, 1, 0, 3, 0, "IMAGE"], [3, 4, 0, 5, 0, "IMAGE"]],
    )
    found = convert(data)
    assert found.graph["5"].inputs == {"images": Link("1", 0)}
    assert set(found.graph) == {"1", "5"}
    assert codes(found) == set()


def test_a_get_node_inside_a_subgraph_reads_names_stored_outside() -> None:
    inner = {
        "id": "sg",
        "name": "sg",
        "nodes": [
            named(1, "GetNode", "photo"),
            {
                "id": 2,
                "type": "PreviewImage",
                "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
            },
        ],
        "links": [{"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}],
    }
    data = canvas(
        {"id": 1, "type": "LoadImage", "widgets_values": ["a.png"]},
        named(3, "SetNode", "photo", link=1),
        {"id": 9, "type": "sg"},
        links=[[1, 1, 0, 3, 0, "IMAGE"]],
        definitions={"subgraphs": [inner]},
    )
    found = convert(data)
    assert found.graph["9:2"].inputs == {"images": Link("1", 0)}


def test_a_get_node_of_a_name_nobody_stores_is_reported() -> None:
    show = {
        "id": 5,
        "type": "PreviewImage",
        "inputs": [{"name": "images", "type": "IMAGE", "link": 3}],
    }
    found = convert(canvas(named(4, "GetNode", "photo"), show, links=[[3, 4, 0, 5, 0, "IMAGE"]]))
    assert codes(found) == {("missing_name", "5")}
    assert "'photo'" in str(found.problems[0])


def test_set_nodes_that_read_each_other_are_reported_as_a_circle() -> None:
    show = {
        "id": 5,
        "type": "PreviewImage",
        "inputs": [{"name": "images", "type": "IMAGE", "link": 3}],
    }
    data = canvas(
        named(3, "SetNode", "a", link=1),
        named(4, "GetNode", "a"),
        show,
        links=[[1, 4, 0, 3, 0, "IMAGE"], [3, 4, 0, 5, 0, "IMAGE"]],
    )
    assert codes(convert(data)) == {("circle", "5")}


def test_types_a_pack_runs_are_not_taken_for_canvas_nodes() -> None:
    registry = make_registry(make_spec("SetNode", {"value": ["IMAGE"]}))
    workflow = parse_canvas(canvas({"id": 1, "type": "SetNode", "widgets_values": ["a"]}))
    assert canvas_to_graph(workflow, registry).graph["1"].type == "SetNode"
