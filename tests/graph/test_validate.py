from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.api_format import parse_api
from engine.graph.errors import WorkflowFormatError
from engine.graph.model import Graph
from engine.graph.validate import Validation, validate
from engine.registry.registry import Registry
from engine.registry.spec import Hook, InputTypes
from engine.registry.widgets import AnyType
from tests.graph.fake_registry import fixture_registry, make_registry, make_spec
from tests.strategies import api_prompts

REGISTRY = fixture_registry()
SAVE = {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}}


def sampler(**inputs: Any) -> dict[str, Any]:
    """The default graph, with some of KSampler #3's inputs changed."""
    text = {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}}
    latent = {"width": 512, "height": 512, "batch_size": 1}
    default = {
        "model": ["4", 0],
        "seed": 7,
        "steps": 20,
        "cfg": 8.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "positive": ["6", 0],
        "negative": ["6", 0],
        "latent_image": ["5", 0],
        "denoise": 1.0,
    }
    return {
        "3": {"class_type": "KSampler", "inputs": default | inputs},
        "4": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "sd15.safetensors"},
        },
        "5": {"class_type": "EmptyLatentImage", "inputs": latent},
        "6": text,
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": SAVE,
    }


async def check(prompt: Any, registry: Registry = REGISTRY, targets: Any = None) -> Validation:
    return await validate(parse_api(prompt), registry, targets)


async def only_error(node_id: str, prompt: Any, registry: Registry = REGISTRY) -> dict[str, Any]:
    found = await check(prompt, registry)
    assert list(found.node_errors) == [node_id]
    (error,) = found.node_errors[node_id]["errors"]
    assert set(error) == {"type", "message", "details", "extra_info"}
    json.dumps(error)
    return dict(error)


async def test_the_default_graph_is_valid() -> None:
    found = await check(sampler())
    assert (found.error, found.outputs, found.node_errors) == (None, ("9",), {})


async def test_literals_are_converted_to_declared_types() -> None:
    found = await check(sampler(seed="7", steps=20.9, cfg=7))
    inputs = found.graph["3"].inputs
    assert found.error is None
    assert [(inputs[n], type(inputs[n])) for n in ("seed", "steps", "cfg")] == [
        (7, int),
        (20, int),
        (7.0, float),
    ]


@pytest.mark.parametrize(
    ("inputs", "kind", "details"),
    [
        ({"steps": 0}, "value_smaller_than_min", "steps: 0 is below 1"),
        ({"steps": -5}, "value_smaller_than_min", "steps: -5 is below 1"),
        ({"cfg": 101}, "value_bigger_than_max", "cfg: 101.0 is above 100.0"),
        ({"cfg": math.inf}, "value_bigger_than_max", "cfg: inf is above 100.0"),
        ({"cfg": math.nan}, "invalid_input_type", "cfg: expected FLOAT, got nan"),
        ({"seed": math.inf}, "invalid_input_type", "seed: expected INT, got inf"),
        ({"seed": "abc"}, "invalid_input_type", "seed: expected INT, got 'abc'"),
        ({"seed": None}, "invalid_input_type", "seed: expected INT, got None"),
        ({"seed": {"__value__": [1]}}, "invalid_input_type", "seed: expected INT, got [1]"),
        ({"seed": [1, 2, 3]}, "bad_linked_input", "seed: a link is [node id, output number]"),
        ({"sampler_name": "eular"}, "value_not_in_list", 'Did you mean "euler"?'),
        ({"sampler_name": 5}, "value_not_in_list", "euler, euler_ancestral, dpmpp_2m"),
        ({"model": 5}, "invalid_input_type", "model: connect an output of type MODEL; got 5"),
        ({"model": ["4"]}, "bad_linked_input", "model: connect an output of type MODEL"),
        ({"model": ["4", 1]}, "return_type_mismatch", "model: needs MODEL, but output 1 of"),
        ({"model": ["4", 3]}, "exception_during_inner_validation", "has 3 outputs"),
        ({"model": ["4", -1]}, "exception_during_inner_validation", "no number -1"),
        ({"model": ["99", 0]}, "exception_during_inner_validation", "'99' does not exist"),
        ({"undeclared": ["99", 0]}, "exception_during_inner_validation", "does not exist"),
    ],
)
async def test_a_bad_input_is_one_clear_error(
    inputs: dict[str, Any], kind: str, details: str
) -> None:
    error = await only_error("3", sampler(**inputs))
    assert error["type"] == kind
    assert details in error["details"]
    assert error["extra_info"]["input_name"] == next(iter(inputs))


async def test_a_missing_required_input_is_named() -> None:
    prompt = sampler()
    del prompt["3"]["inputs"]["model"]
    error = await only_error("3", prompt)
    assert error["type"] == "required_input_missing"
    assert error["extra_info"] == {"input_name": "model"}


async def test_every_problem_is_listed_with_the_outputs_it_stops() -> None:
    prompt = sampler(steps=0, cfg=-1)
    prompt["6"]["inputs"] = {}
    prompt["good"] = {"class_type": "PreviewImage", "inputs": {"images": ["load", 0]}}
    prompt["load"] = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}
    found = await check(prompt)
    kinds = {
        node_id: [error["type"] for error in entry["errors"]]
        for node_id, entry in found.node_errors.items()
    }
    assert kinds == {
        "3": ["value_smaller_than_min", "value_smaller_than_min"],
        "6": ["required_input_missing", "required_input_missing"],
    }
    assert found.node_errors["6"]["dependent_outputs"] == ["9"]
    assert found.node_errors["6"]["class_type"] == "CLIPTextEncode"
    assert found.error is None
    assert found.outputs == ("good",)


async def test_nothing_valid_is_a_prompt_error_with_all_lines() -> None:
    found = await check(sampler(steps=0, cfg=-1))
    assert found.error is not None
    assert found.error["type"] == "prompt_outputs_failed_validation"
    assert len(found.error["details"].splitlines()) == 2
    assert found.outputs == ()


async def test_an_unknown_type_anywhere_refuses_the_prompt() -> None:
    prompt = {**sampler(), "77": {"class_type": "VAEDecoder", "inputs": {}}}
    found = await check(prompt)
    assert found.error is not None
    assert found.error["type"] == "invalid_prompt"
    assert "#77" in found.error["details"]
    assert 'Did you mean "VAEDecode"?' in found.error["details"]
    assert found.outputs == ()


async def test_consumers_of_an_unknown_type_get_no_error_of_their_own() -> None:
    prompt = sampler(model=["77", 5])
    found = await check({**prompt, "77": {"class_type": "Nope", "inputs": {}}})
    assert found.node_errors == {}
    assert found.outputs == ()


@pytest.mark.parametrize("targets", [["8"], ["3", "8"], ["8", "nope"]])
async def test_targets_need_not_save_or_show_anything(targets: list[str]) -> None:
    found = await check(
        {**sampler(), "9": {"class_type": "SaveImage", "inputs": {}}}, targets=targets
    )
    assert found.error is None
    assert set(found.outputs) == {*targets} - {"nope"}
    assert found.node_errors == {}


async def test_problems_of_what_a_target_needs_refuse_it() -> None:
    found = await check(sampler(steps=0), targets=["8"])
    assert found.error is not None
    assert found.error["type"] == "prompt_outputs_failed_validation"
    assert found.node_errors["3"]["dependent_outputs"] == ["8"]


@pytest.mark.parametrize("targets", [[], ["nope"]])
async def test_no_selected_node_is_an_error(targets: list[str]) -> None:
    found = await check(sampler(), targets=targets)
    assert found.error is not None
    assert found.error["type"] == "prompt_no_outputs"


async def test_an_empty_graph_has_no_outputs() -> None:
    found = await validate(Graph([]), REGISTRY)
    assert found.error is not None
    assert found.error["type"] == "prompt_no_outputs"


async def test_only_what_the_targets_need_is_checked() -> None:
    prompt = sampler(steps=0)
    prompt["p"] = {"class_type": "PreviewImage", "inputs": {"images": ["load", 0]}}
    prompt["load"] = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}
    found = await check(prompt, targets=["p"])
    assert (found.error, found.outputs, found.node_errors) == (None, ("p",), {})


async def test_a_cycle_is_one_error_that_names_it() -> None:
    prompt = sampler(latent_image=["u", 0])
    upscale = {"upscale_method": "bilinear", "width": 8, "height": 8, "crop": "disabled"}
    prompt["u"] = {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], **upscale}}
    found = await check(prompt)
    (entry,) = found.node_errors.values()
    (error,) = entry["errors"]
    assert error["type"] == "exception_during_validation"
    assert set(error["extra_info"]["cycle"]) == {"3", "u"}
    assert entry["dependent_outputs"] == ["9"]


# --- types packs make --------------------------------------------------------------------------


def out(inputs: InputTypes | Callable[[], InputTypes], validate: Hook | None = None) -> Registry:
    """A registry with an output node "Out" and sources "Int" and "Any"."""
    return make_registry(
        make_spec("Out", inputs, output=True, validate=validate),
        make_spec("Int", {"required": {}}, ("INT",)),
        make_spec("Any", {"required": {}}, (AnyType("*"),)),
    )


def prompt_of(**inputs: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": "Out", "inputs": inputs},
        "2": {"class_type": "Int", "inputs": {}},
        "3": {"class_type": "Any", "inputs": {}},
    }


@pytest.mark.parametrize(
    ("declared", "source", "valid"),
    [
        ("INT", "2", True),
        ("INT,FLOAT", "2", True),
        ("FLOAT", "2", False),
        ("*", "2", False),
        (AnyType("*"), "2", True),
        ("IMAGE", "3", True),
    ],
)
async def test_link_types_match_as_packs_expect(declared: Any, source: str, valid: bool) -> None:
    found = await check(prompt_of(x=[source, 0]), out({"required": {"x": (declared,)}}))
    assert (found.error is None) is valid


async def test_an_any_type_converts_no_literal() -> None:
    found = await check(prompt_of(x="5"), out({"required": {"x": (AnyType("*"),)}}))
    assert found.graph["1"].inputs["x"] == "5"


async def test_new_style_combos_accept_any_value() -> None:
    registry = out({"required": {"x": ("COMBO", {"options": ["a"]})}})
    assert (await check(prompt_of(x="b"), registry)).error is None


async def test_a_file_named_with_backslashes_is_found_as_listed_here() -> None:
    registry = out({"required": {"x": (["sub/a.ckpt", "b\\c"], {})}})
    for given_name, expected in [("sub\\a.ckpt", "sub/a.ckpt"), ("b\\c", "b\\c")]:
        found = await check(prompt_of(x=given_name), registry)
        assert found.node_errors == {}
        assert found.graph["1"].inputs["x"] == expected
    error = await only_error("1", prompt_of(x="sub\\other.ckpt"), registry)
    assert error["type"] == "value_not_in_list"


@pytest.mark.parametrize("value", [{"a": 1}, {"__value__": ["a"]}])
async def test_a_list_or_an_object_is_no_text(value: Any) -> None:
    registry = out({"required": {"x": ("STRING", {})}})
    error = await only_error("1", prompt_of(x=value), registry)
    assert error["type"] == "invalid_input_type"


async def test_a_type_that_would_end_the_program_is_an_error_of_its_nodes() -> None:
    def leave(**_: Any) -> bool:
        raise SystemExit(3)

    hook = Hook(leave, frozenset({"x"}), takes_all=False)
    error = await only_error("1", prompt_of(x=1), out({"required": {"x": ("INT", {})}}, hook))
    assert error["type"] == "exception_during_validation"


async def test_long_option_lists_are_not_repeated() -> None:
    registry = out({"required": {"x": ([str(i) for i in range(30)],)}})
    error = await only_error("1", prompt_of(x="nope"), registry)
    assert error["extra_info"]["input_config"] is None


async def test_sections_that_fabricate_inputs_are_only_iterated() -> None:
    class Flexible(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            return True

        def __getitem__(self, key: str) -> Any:
            return ("*",)

    registry = out({"required": {}, "optional": Flexible()})
    assert (await check(prompt_of(anything=["2", 0], other=5), registry)).error is None


async def test_inputs_are_declared_once_per_type() -> None:
    calls = 0

    def declared() -> InputTypes:
        nonlocal calls
        calls += 1
        return {"required": {}}

    registry = out(declared)
    await check({str(i): {"class_type": "Out", "inputs": {}} for i in range(20)}, registry)
    assert calls == 1


async def test_a_type_that_cannot_list_its_inputs_is_an_error_of_its_nodes() -> None:
    def broken() -> InputTypes:
        raise RuntimeError("no folder")

    error = await only_error("1", prompt_of(), out(broken))
    assert error["type"] == "exception_during_validation"
    assert error["details"] == "RuntimeError: no folder"
    assert error["extra_info"]["traceback"]


# --- VALIDATE_INPUTS ---------------------------------------------------------------------------

NUMBER: InputTypes = {"required": {"x": ("INT", {"max": 10}), "y": ("INT", {"max": 10})}}


async def test_a_hook_gets_what_it_names_and_links_as_none() -> None:
    seen: dict[str, Any] = {}

    def hook(**given: Any) -> bool:
        seen.update(given)
        return True

    named = Hook(hook, frozenset({"x", "y", "z"}))
    registry = out({**NUMBER, "hidden": {"z": "UNIQUE_ID"}}, named)
    assert (await check(prompt_of(x=["2", 0], y="3", other=1), registry)).error is None
    assert seen == {"x": None, "y": 3, "z": "1"}


async def test_inputs_a_hook_names_are_exempt_from_ranges() -> None:
    hook = Hook(lambda x: True, frozenset({"x"}))
    error = await only_error("1", prompt_of(x=99, y=99), out(NUMBER, hook))
    assert error["extra_info"]["input_name"] == "y"


async def test_a_hook_refuses_with_a_text_and_may_be_async() -> None:
    async def hook(x: int) -> str:
        return f"{x} is unlucky"

    registry = out(NUMBER, Hook(hook, frozenset({"x"})))
    error = await only_error("1", prompt_of(x=4, y=1), registry)
    assert error["type"] == "custom_validation_failed"
    assert error["details"] == "x - 4 is unlucky"


async def test_input_types_switch_off_type_matching() -> None:
    seen: list[Any] = []

    def hook(input_types: dict[str, str]) -> bool:
        seen.append(input_types)
        return True

    registry = out({"required": {"x": ("IMAGE",)}}, Hook(hook, frozenset({"input_types"})))
    assert (await check(prompt_of(x=["2", 0]), registry)).error is None
    assert seen == [{"x": "INT"}]


async def test_a_hook_that_raises_is_an_error_of_its_node() -> None:
    def hook(x: int) -> bool:
        raise KeyError("lost")

    registry = out(NUMBER, Hook(hook, frozenset({"x"})))
    error = await only_error("1", prompt_of(x=1, y=1), registry)
    assert error["type"] == "exception_during_validation"
    assert error["extra_info"]["exception_type"] == "KeyError"


@given(api_prompts(), st.none() | st.lists(st.text(max_size=2), max_size=2))
@settings(deadline=None, max_examples=40)
async def test_validation_never_raises(prompt: dict[str, Any], targets: list[str] | None) -> None:
    for index, entry in enumerate(prompt.values()):
        entry["class_type"] = ["KSampler", "SaveImage", "Out", "VAEDecode"][index % 4]
        for name, value in zip(
            ("seed", "images", "samples"), entry["inputs"].values(), strict=False
        ):
            entry["inputs"] = {**entry["inputs"], name: value}
    try:
        graph = parse_api(prompt)
    except WorkflowFormatError:
        return
    found = await validate(graph, REGISTRY, targets)
    assert (found.error is None) == bool(found.outputs)
