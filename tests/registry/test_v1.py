"""V1 classes, with everything odd that packs do (contract §4.1)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from engine.registry.running import current_context
from engine.registry.spec import NodeSpec
from engine.registry.v1 import v1_spec
from tests.registry.registry_fakes import FakeContext, FakeFolders


class Plain:
    """The least a V1 class has."""

    RETURN_TYPES: ClassVar[Any] = ("IMAGE",)
    FUNCTION: ClassVar[Any] = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"image": ("IMAGE",)}}

    def run(self, **inputs: Any) -> Any:
        return (inputs,)


def make(**attributes: Any) -> type:
    return type("Made", (Plain,), attributes)


def declared(spec: NodeSpec) -> Any:
    return spec.input_types(FakeFolders())


def test_defaults_are_those_of_the_contract() -> None:
    spec = v1_spec("Plain", Plain, python_module="custom_nodes.pack", version="abc")

    assert (spec.category, spec.source, spec.version) == ("sd", "v1", "abc")
    assert spec.python_module == "custom_nodes.pack"
    assert [(o.type, o.name, o.is_list, o.tooltip) for o in spec.outputs] == [
        ("IMAGE", "IMAGE", False, None)
    ]
    flags = [spec.is_output, spec.input_is_list, spec.not_idempotent, spec.api_node]
    assert not any(flags)
    assert spec.check_lazy is None
    assert spec.validate is None
    assert spec.fingerprint is None


def test_attributes_are_read() -> None:
    spec = v1_spec(
        "Full",
        make(
            CATEGORY="a/b",
            DESCRIPTION="help",
            OUTPUT_NODE=True,
            INPUT_IS_LIST=True,
            NOT_IDEMPOTENT=True,
            DEPRECATED=True,
            EXPERIMENTAL=True,
            API_NODE=True,
            RETURN_TYPES=("IMAGE", ["a", "b"], "INT"),
            RETURN_NAMES=("picture", "letter"),
            OUTPUT_IS_LIST=(False, True),
            OUTPUT_TOOLTIPS=("first",),
        ),
        display_name="Full node",
    )

    assert (spec.category, spec.description, spec.display_name) == ("a/b", "help", "Full node")
    assert spec.is_output
    assert spec.side_effect
    assert spec.input_is_list
    assert spec.not_idempotent
    assert spec.deprecated
    assert spec.experimental
    assert spec.api_node
    assert [(o.type, o.name, o.is_list, o.tooltip) for o in spec.outputs] == [
        ("IMAGE", "picture", False, "first"),
        (["a", "b"], "letter", True, None),
        ("INT", "INT", False, None),
    ]


def test_inputs_are_asked_for_anew_and_handed_on_untouched() -> None:
    answers: list[dict[str, Any]] = []

    def input_types(cls: type) -> dict[str, Any]:
        answers.append({"required": {"n": ["INT", {"default": len(answers)}]}})
        return answers[-1]

    spec = v1_spec("Counting", make(INPUT_TYPES=classmethod(input_types)))

    assert declared(spec) is answers[0]
    assert declared(spec) is answers[1]
    assert declared(spec)["required"]["n"][1] == {"default": 2}


class FlexibleInputs(dict[str, Any]):
    """Has every input one may ask for."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return (LenientType("*"), {"lazy": True})


class LenientType(str):
    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False


class LazyList(list[str]):
    """Reads its entries only when it is iterated."""

    def __iter__(self) -> Iterator[str]:
        return iter(["found", "late"])


def test_fabricated_inputs_lenient_types_and_lazy_menus_survive() -> None:
    lazy = LazyList()
    flexible = FlexibleInputs()
    spec = v1_spec(
        "Odd",
        make(
            INPUT_TYPES=classmethod(
                lambda cls: {"required": {"menu": [lazy, {}]}, "optional": flexible}
            ),
            RETURN_TYPES=(LenientType("*"),),
        ),
    )

    assert declared(spec)["required"]["menu"][0] is lazy
    assert "any_name" in declared(spec)["optional"]
    assert declared(spec)["optional"]["any_name"][1] == {"lazy": True}
    assert isinstance(spec.outputs[0].type, LenientType)


def test_hidden_tokens_are_left_for_the_runner() -> None:
    hidden = {"id": "UNIQUE_ID", "p": "PROMPT"}
    spec = v1_spec("H", make(INPUT_TYPES=classmethod(lambda cls: {"hidden": hidden})))

    assert declared(spec)["hidden"] is hidden


def test_an_instance_keeps_state_between_its_calls() -> None:
    class Counter(Plain):
        def __init__(self) -> None:
            self.calls = 0

        def run(self, **inputs: Any) -> Any:
            self.calls += 1
            return (self.calls, inputs)

    spec = v1_spec("Counter", Counter)
    instance = spec.create()

    assert spec.call(instance, {}, FakeContext()) == (1, {})
    assert spec.call(instance, {"undeclared": 3}, FakeContext()) == (2, {"undeclared": 3})
    assert spec.create() is not instance


async def test_an_async_function_finds_its_context_and_others_do_not() -> None:
    class Async(Plain):
        async def run(self) -> Any:  # type: ignore[override]
            context = current_context()
            assert context is not None
            return (context.node_id,)

    spec = v1_spec("Async", Async)
    answer = spec.call(spec.create(), {}, FakeContext("42"))

    assert inspect.isawaitable(answer)
    assert current_context() is None
    assert await answer == ("42",)
    assert current_context() is None


def test_validation_takes_what_it_names() -> None:
    def validate(cls: type, steps: int, input_types: dict[str, str]) -> bool:
        return steps > 0

    spec = v1_spec("V", make(VALIDATE_INPUTS=classmethod(validate)))

    assert spec.validate is not None
    assert spec.validate.names == {"steps", "input_types"}
    assert not spec.validate.takes_all
    assert spec.validate.call(steps=1, input_types={}) is True


def test_validation_with_keywords_takes_everything() -> None:
    spec = v1_spec("V", make(VALIDATE_INPUTS=classmethod(lambda cls, a=1, **kwargs: True)))

    assert spec.validate is not None
    assert (spec.validate.names, spec.validate.takes_all) == (frozenset("a"), True)


def test_is_changed_is_given_every_input_whatever_it_names() -> None:
    spec = v1_spec("C", make(IS_CHANGED=classmethod(lambda cls, a: math.nan)))

    assert spec.fingerprint is not None
    assert spec.fingerprint.takes_all
    assert math.isnan(spec.fingerprint.call(a=1))
    with pytest.raises(TypeError):
        spec.fingerprint.call(a=1, b=2)


def test_lazy_status_is_asked_of_the_instance() -> None:
    class Lazy(Plain):
        def check_lazy_status(self, a: Any, b: Any) -> list[str]:
            return [] if a else ["b"]

    spec = v1_spec("L", Lazy)

    assert spec.check_lazy is not None
    assert spec.check_lazy(spec.create(), {"a": None, "b": None}) == ["b"]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"INPUT_TYPES": None}, "INPUT_TYPES"),
        ({"FUNCTION": None}, "FUNCTION must name a method"),
        ({"FUNCTION": "missing"}, 'names "missing"'),
    ],
)
def test_a_class_that_lacks_a_part_is_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        v1_spec("Broken", make(**attributes))


def test_a_class_without_return_types_is_refused() -> None:
    class Nothing:
        FUNCTION = "run"
        INPUT_TYPES = Plain.INPUT_TYPES

    with pytest.raises(TypeError, match="RETURN_TYPES"):
        v1_spec("Nothing", Nothing)


def test_a_single_name_may_stand_without_its_tuple() -> None:
    spec = v1_spec("One", make(RETURN_TYPES="IMAGE", RETURN_NAMES="picture"))

    assert [(o.type, o.name) for o in spec.outputs] == [("IMAGE", "picture")]
