"""Conditioning nodes: their declarations, what they set, and that inputs stay as they were."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.registry.spec import Folders, NodeSpec
from engine.text.clip import Clip
from engine.types import NodeResult
from nodes.conditioning.average import conditioning_average
from nodes.conditioning.clip_set_last_layer import clip_set_last_layer
from nodes.conditioning.clip_text_encode import clip_text_encode
from nodes.conditioning.combine import conditioning_combine
from nodes.conditioning.concat import conditioning_concat
from nodes.conditioning.set_area import (
    conditioning_set_area,
    conditioning_set_area_percentage,
    conditioning_set_area_strength,
)
from nodes.conditioning.set_mask import conditioning_set_mask
from nodes.conditioning.set_timestep_range import conditioning_set_timestep_range
from nodes.conditioning.zero_out import conditioning_zero_out
from tests.text.fake_clip import FakeNetwork, letter_tokenizer

SHARE = ("FLOAT", 0.0, 1.0, 0.01)
STRENGTH = ("FLOAT", 0.0, 10.0, 0.01)

# Contract §7: inputs with type, least, greatest and step; then category.
DECLARED: list[tuple[Any, str, dict[str, Any]]] = [
    (clip_text_encode, "conditioning", {"text": ("STRING",), "clip": ("CLIP",)}),
    (
        clip_set_last_layer,
        "conditioning",
        {"clip": ("CLIP",), "stop_at_clip_layer": ("INT", -24, -1, 1, -1)},
    ),
    (
        conditioning_average,
        "conditioning",
        {
            "conditioning_to": ("CONDITIONING",),
            "conditioning_from": ("CONDITIONING",),
            "conditioning_to_strength": (*SHARE, 1.0),
        },
    ),
    (
        conditioning_combine,
        "conditioning",
        {"conditioning_1": ("CONDITIONING",), "conditioning_2": ("CONDITIONING",)},
    ),
    (
        conditioning_concat,
        "conditioning",
        {"conditioning_to": ("CONDITIONING",), "conditioning_from": ("CONDITIONING",)},
    ),
    (
        conditioning_set_area,
        "conditioning",
        {
            "conditioning": ("CONDITIONING",),
            "width": ("INT", 64, 16384, 8, 64),
            "height": ("INT", 64, 16384, 8, 64),
            "x": ("INT", 0, 16384, 8, 0),
            "y": ("INT", 0, 16384, 8, 0),
            "strength": (*STRENGTH, 1.0),
        },
    ),
    (
        conditioning_set_area_percentage,
        "conditioning",
        {
            "conditioning": ("CONDITIONING",),
            "width": (*SHARE, 1.0),
            "height": (*SHARE, 1.0),
            "x": (*SHARE, 0.0),
            "y": (*SHARE, 0.0),
            "strength": (*STRENGTH, 1.0),
        },
    ),
    (
        conditioning_set_area_strength,
        "conditioning",
        {"conditioning": ("CONDITIONING",), "strength": (*STRENGTH, 1.0)},
    ),
    (
        conditioning_set_mask,
        "conditioning",
        {
            "conditioning": ("CONDITIONING",),
            "mask": ("MASK",),
            "strength": (*STRENGTH, 1.0),
            "set_cond_area": (["default", "mask bounds"], None, None, None, "default"),
        },
    ),
    (conditioning_zero_out, "advanced/conditioning", {"conditioning": ("CONDITIONING",)}),
    (
        conditioning_set_timestep_range,
        "advanced/conditioning",
        {
            "conditioning": ("CONDITIONING",),
            "start": ("FLOAT", 0.0, 1.0, 0.001, 0.0),
            "end": ("FLOAT", 0.0, 1.0, 0.001, 1.0),
        },
    ),
]


def entry(fill: float = 1.0, tokens: int = 4, width: int = 3, **extra: Any) -> list[Any]:
    text = torch.full((1, tokens, width), fill)
    return [text, {"pooled_output": torch.full((1, width), 10 * fill), **extra}]


@pytest.mark.parametrize(("function", "category", "inputs"), DECLARED)
def test_inputs_are_those_of_the_contract(
    function: Any, category: str, inputs: dict[str, Any]
) -> None:
    spec: NodeSpec = function.__node__
    declared = spec.input_types(cast("Folders", None))
    assert list(declared) == ["required"]
    found = {}
    for name, (wire, options) in declared["required"].items():
        values = tuple(options.get(key) for key in ("min", "max", "step", "default"))
        found[name] = (wire,) if values == (None,) * 4 else (wire, *values)
    assert found == inputs
    assert list(found) == list(inputs)
    assert spec.category == category
    output = "CLIP" if function is clip_set_last_layer else "CONDITIONING"
    assert [(slot.type, slot.name) for slot in spec.outputs] == [(output, output)]


TITLES = {
    "CLIPTextEncode": "CLIP Text Encode (Prompt)",
    "CLIPSetLastLayer": "CLIP Set Last Layer",
    "ConditioningAverage": None,
    "ConditioningCombine": "Conditioning (Combine)",
    "ConditioningConcat": "Conditioning (Concat)",
    "ConditioningSetArea": "Conditioning (Set Area)",
    "ConditioningSetAreaPercentage": "Conditioning (Set Area with Percentage)",
    "ConditioningSetAreaStrength": None,
    "ConditioningSetMask": "Conditioning (Set Mask)",
    "ConditioningZeroOut": None,
    "ConditioningSetTimestepRange": None,
}


def test_ids_and_titles_are_those_of_the_contract() -> None:
    specs = [function.__node__ for function, _, _ in DECLARED]
    assert {spec.type_id: spec.display_name for spec in specs} == TITLES


def test_a_prompt_is_a_field_of_several_lines_with_dynamic_prompts() -> None:
    spec: NodeSpec = cast("Any", clip_text_encode).__node__
    options = spec.input_types(cast("Folders", None))["required"]["text"][1]
    assert options["multiline"] is options["dynamicPrompts"] is True


CONDITIONING_NODES: list[Callable[[list[Any]], list[Any]]] = [
    lambda c: conditioning_average(c, [entry(3.0)], 0.5),
    lambda c: conditioning_average([entry(3.0)], c, 0.5),
    lambda c: conditioning_combine(c, [entry(3.0)]),
    lambda c: conditioning_concat(c, [entry(3.0)]),
    lambda c: conditioning_set_area(c, 128, 64, 8, 16, 2.0),
    lambda c: conditioning_set_area_percentage(c, 0.5, 0.5, 0.1, 0.2, 2.0),
    lambda c: conditioning_set_area_strength(c, 0.3),
    lambda c: conditioning_set_mask(c, torch.ones(8, 8), 0.3, "mask bounds"),
    lambda c: conditioning_set_timestep_range(c, 0.1, 0.9),
    conditioning_zero_out,
]


@pytest.mark.parametrize("function", CONDITIONING_NODES)
def test_inputs_stay_as_they_were(function: Callable[[list[Any]], list[Any]]) -> None:
    given_ = [entry(1.0, mark=7), entry(2.0, tokens=6, area=(1, 1, 0, 0), strength=0.5)]
    before = copy.deepcopy(given_)
    result = function(given_)
    torch.testing.assert_close(given_, before, rtol=0, atol=0)
    dicts = [extra for _, extra in given_]
    assert not any(extra is old for _, extra in result for old in dicts)


def test_average_mixes_text_and_pooled_by_the_strength() -> None:
    ((text, extra),) = conditioning_average([entry(1.0, mark=7)], [entry(3.0)], 0.25)
    torch.testing.assert_close(text, torch.full((1, 4, 3), 2.5))
    torch.testing.assert_close(extra["pooled_output"], torch.full((1, 3), 25.0))
    assert extra["mark"] == 7


def test_average_uses_the_first_of_several_and_the_length_of_the_other_side() -> None:
    others = [entry(3.0, tokens=2), entry(100.0)]
    short, long = conditioning_average([entry(1.0, tokens=1), entry(1.0)], others, 0.5)
    assert short[0].tolist() == [[[2.0] * 3]]
    assert long[0][0, :, 0].tolist() == [2.0, 2.0, 0.5, 0.5]


def test_average_takes_the_pooled_vector_of_the_side_that_has_one() -> None:
    bare = [torch.ones(1, 4, 3), {}]
    ((_, taken),) = conditioning_average([bare], [entry(3.0)], 0.5)
    ((_, kept),) = conditioning_average([entry(3.0)], [bare], 0.5)
    assert taken["pooled_output"].tolist() == kept["pooled_output"].tolist() == [[30.0] * 3]


@given(st.floats(0, 1))
def test_average_at_the_ends_is_one_side_exactly(strength: float) -> None:
    one, other = [entry(1 / 3)], [entry(1 / 7)]
    assert torch.equal(conditioning_average(one, other, 1.0)[0][0], one[0][0])
    assert torch.equal(conditioning_average(one, other, 0.0)[0][0], other[0][0])
    value = conditioning_average(one, other, strength)[0][0][0, 0, 0].item()
    assert math.isclose(value, strength / 3 + (1 - strength) / 7, rel_tol=1e-5)


def test_concat_appends_tokens_of_the_first_and_keeps_the_settings() -> None:
    ((text, extra),) = conditioning_concat([entry(1.0, mark=7)], [entry(3.0, tokens=2), entry(9.0)])
    assert text[0, :, 0].tolist() == [1, 1, 1, 1, 3, 3]
    assert extra["mark"] == 7
    assert extra["pooled_output"][0, 0] == 10


@pytest.mark.parametrize(
    "function", [lambda a, b: conditioning_average(a, b, 0.5), conditioning_concat]
)
def test_prompts_of_another_encoder_or_none_are_refused(
    function: Callable[[list[Any], list[Any]], list[Any]],
) -> None:
    with pytest.raises(InvalidValueError, match="vectors of 3 numbers"):
        function([entry()], [entry(width=5)])
    with pytest.raises(InvalidValueError, match="at least one prompt"):
        function([entry()], [])


def test_combine_lists_both_sides_in_order() -> None:
    combined = conditioning_combine([entry(1.0), entry(2.0)], [entry(3.0)])
    assert [text[0, 0, 0].item() for text, _ in combined] == [1, 2, 3]


def test_areas_are_height_width_y_x() -> None:
    ((_, extra),) = conditioning_set_area([entry()], 128, 64, 8, 16, 2.0)
    assert extra["area"] == (8, 16, 2, 1)
    assert (extra["strength"], extra["set_area_to_bounds"]) == (2.0, False)
    ((_, extra),) = conditioning_set_area_percentage([entry()], 0.5, 0.25, 0.1, 0.2, 3.0)
    assert extra["area"] == ("percentage", 0.25, 0.5, 0.2, 0.1)
    assert (extra["strength"], extra["set_area_to_bounds"]) == (3.0, False)
    ((_, extra),) = conditioning_set_area_strength([entry(area=(1, 2, 3, 4))], 0.5)
    assert (extra["area"], extra["strength"]) == ((1, 2, 3, 4), 0.5)


@pytest.mark.parametrize("shape", [(8, 6), (1, 8, 6), (3, 8, 6)])
def test_a_mask_gets_a_batch_axis(shape: tuple[int, ...]) -> None:
    ((_, extra),) = conditioning_set_mask([entry()], torch.ones(shape), 0.5, "default")
    assert extra["mask"].shape == (shape if len(shape) == 3 else (1, *shape))
    assert (extra["mask_strength"], extra["set_area_to_bounds"]) == (0.5, False)
    ((_, extra),) = conditioning_set_mask([entry()], torch.ones(shape), 0.5, "mask bounds")
    assert extra["set_area_to_bounds"] is True


def test_zero_out_zeroes_text_and_pooled_and_keeps_the_rest() -> None:
    mask = torch.ones(1, 2, 2)
    zeroed, bare = conditioning_zero_out([entry(mask=mask), [torch.ones(1, 2, 3), {}]])
    assert not zeroed[0].any()
    assert not zeroed[1]["pooled_output"].any()
    assert zeroed[1]["mask"] is mask
    assert not bare[0].any()
    assert bare[1] == {}


def test_a_timestep_range_is_kept_as_percents() -> None:
    ((_, extra),) = conditioning_set_timestep_range([entry()], 0.25, 0.75)
    assert (extra["start_percent"], extra["end_percent"]) == (0.25, 0.75)


def test_text_encode_is_the_encoders_work() -> None:
    clip = Clip(FakeNetwork(), letter_tokenizer())
    found = clip_text_encode("(a b:1.2)", clip)
    assert isinstance(found, list)
    torch.testing.assert_close(found, clip.encode("(a b:1.2)"), rtol=0, atol=0)


def test_text_encode_shows_embeddings_it_left_out() -> None:
    clip = Clip(FakeNetwork(), letter_tokenizer())
    found = clip_text_encode("a embedding:lost", clip)
    assert isinstance(found, NodeResult)
    torch.testing.assert_close(found.values[0], clip.encode("a "), rtol=0, atol=0)
    assert found.ui is not None
    assert ["'lost' was not found" in text for text in found.ui["warnings"]] == [True]


def test_set_last_layer_gives_another_encoder() -> None:
    clip = Clip(FakeNetwork(), letter_tokenizer())
    skipped = clip_set_last_layer(clip, -2)
    assert isinstance(skipped, Clip)
    assert (clip.layer, skipped.layer) == (-1, -2)
