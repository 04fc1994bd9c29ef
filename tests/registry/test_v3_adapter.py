"""V3 nodes run as specs, and for callers that know V1 only."""

from __future__ import annotations

import inspect
import types
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import pytest

from engine.registry.running import current_context
from engine.registry.spec import NodeSpec
from engine.registry.v3 import io
from engine.registry.v3.adapter import v3_spec
from engine.types import ExecutionBlocker, NodeResult
from tests.registry.registry_fakes import FakeContext, FakeFolders


class Shown:
    """As the `ui` objects of the API."""

    def as_dict(self) -> dict[str, Any]:
        return {"text": ("hello",)}


class Base(io.ComfyNode):
    """Two outputs; what it answers is up to the test."""

    answer: ClassVar[Any] = None
    schema: ClassVar[dict[str, Any]] = {}

    @classmethod
    def define_schema(cls) -> io.Schema:
        settings: dict[str, Any] = {
            "node_id": "Base",
            "inputs": [io.Int.Input("n", default=1)],
            "outputs": [
                io.Int.Output("first", "First", "help"),
                io.Mask.Output(is_output_list=True),
            ],
        }
        return io.Schema(**settings | cls.schema)

    @classmethod
    def execute(cls, n: int = 1) -> Any:
        return cls.answer


def node_with(**attributes: Any) -> type[io.ComfyNode]:
    return types.new_class("Made", (Base,), {}, lambda members: members.update(attributes))


def run(cls: type[io.ComfyNode], **inputs: Any) -> Any:
    spec = v3_spec(cls)
    return spec.call(spec.create(), inputs, FakeContext())


def test_the_schema_becomes_the_spec() -> None:
    flags = {
        "is_input_list": True,
        "is_output_node": True,
        "is_deprecated": True,
        "is_experimental": True,
        "is_api_node": True,
        "not_idempotent": True,
        "display_name": "Shown name",
        "category": "a/b",
        "description": "help",
    }
    spec = v3_spec(node_with(schema=flags), python_module="custom_nodes.p", version="v")

    assert (spec.type_id, spec.display_name, spec.source) == ("Base", "Shown name", "v3")
    assert (spec.category, spec.description) == ("a/b", "help")
    assert (spec.python_module, spec.version) == ("custom_nodes.p", "v")
    assert spec.input_is_list
    assert spec.is_output
    assert spec.deprecated
    assert spec.experimental
    assert spec.api_node
    assert spec.not_idempotent
    assert [(str(o.type), o.name, o.is_list, o.tooltip) for o in spec.outputs] == [
        ("INT", "First", False, "help"),
        ("MASK", "MASK", True, None),
    ]


def test_inputs_are_evaluated_anew() -> None:
    names = ["a"]

    class Listing(Base):
        @classmethod
        def define_schema(cls) -> io.Schema:
            return io.Schema(node_id="L", inputs=[io.Combo.Input("c", options=names)])

    spec = v3_spec(Listing)
    names.append("b")

    assert spec.input_types(FakeFolders())["required"]["c"][1]["options"] == ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        (io.NodeOutput(1, 2), (1, 2)),
        ((1, 2), (1, 2)),
        (None, (None, [None])),
        (io.NodeOutput(block_execution="no"), (None, [None])),
    ],
)
def test_answers_become_values(answer: Any, values: tuple[Any, ...]) -> None:
    assert run(node_with(answer=answer), n=1) == NodeResult(values)


def test_blocking_with_values_blocks_every_output() -> None:
    result = run(node_with(answer=io.NodeOutput(1, 2, block_execution="why")), n=1)

    assert [value.message for value in result.values] == ["why", "why"]


def test_a_blocker_blocks_every_output() -> None:
    result = run(node_with(answer=ExecutionBlocker(None)), n=1)

    assert [type(value) for value in result.values] == [ExecutionBlocker, ExecutionBlocker]


@pytest.mark.parametrize("ui", [{"text": ("hello",)}, Shown()])
def test_ui_may_be_a_dictionary_or_an_object(ui: Any) -> None:
    assert run(node_with(answer=io.NodeOutput(1, 2, ui=ui)), n=1).ui == {"text": ("hello",)}


def test_a_dictionary_is_no_answer() -> None:
    with pytest.raises(TypeError, match="returned dict"):
        run(node_with(answer={"ui": {}}), n=1)


def test_expansion_must_be_announced() -> None:
    answer = io.NodeOutput(["1", 0], None, expand={"1": {}})

    with pytest.raises(ValueError, match="enable_expand"):
        run(node_with(answer=answer), n=1)
    result = run(node_with(answer=answer, schema={"enable_expand": True}), n=1)
    assert result.expand == {"1": {}}
    assert result.values == (["1", 0], None)


def test_a_running_class_is_a_locked_clone_with_hidden_values() -> None:
    class Asking(Base):
        schema: ClassVar[dict[str, Any]] = {
            "inputs": [io.String.Input("prompt")],
            "hidden": [io.Hidden.prompt, io.Hidden.unique_id],
        }

        @classmethod
        def execute(cls, prompt: str) -> Any:  # type: ignore[override]
            assert issubclass(cls, Asking)
            with pytest.raises(AttributeError, match="cannot keep state"):
                cls.answer = 5
            return prompt, (cls.hidden.prompt, cls.hidden.unique_id, cls.hidden.extra_pnginfo)

    spec = v3_spec(Asking)
    hidden = spec.input_types(FakeFolders())["hidden"]
    assert hidden == {"hidden.prompt": "PROMPT", "hidden.unique_id": "UNIQUE_ID"}

    inputs = {"prompt": "text", "hidden.prompt": {"7": {}}, "hidden.unique_id": ["7"]}
    result: Any = spec.call(spec.create(), inputs, FakeContext())

    assert result.values == ("text", ({"7": {}}, "7", None))
    assert Asking.hidden.prompt is None


async def test_an_async_node_is_awaited_in_its_context() -> None:
    class Later(Base):
        @classmethod
        async def execute(cls, n: int = 1) -> Any:
            context = current_context()
            assert context is not None
            return io.NodeOutput(context.node_id, n)

    answer = run(Later, n=3)

    assert inspect.isawaitable(answer)
    assert await answer == NodeResult(("7", 3))
    assert Later.FUNCTION == "EXECUTE_NORMALIZED_ASYNC"

    class NoContext(Base):
        @classmethod
        async def execute(cls, n: int = 1) -> Any:
            return n, [n]

    assert (await NoContext.EXECUTE_NORMALIZED_ASYNC(n=2)).result == (2, [2])


class Hooked(Base):
    """Has every optional hook."""

    @classmethod
    def validate_inputs(cls, n: int) -> bool | str:
        return n > 0 or f"{n} is too small"

    @classmethod
    def fingerprint_inputs(cls, n: int) -> int:
        return n * 2

    @classmethod
    def check_lazy_status(cls, n: int | None = None) -> list[str]:
        return ["n"] if n is None else []


def hooks(spec: NodeSpec) -> tuple[Any, Any, Any]:
    assert spec.validate is not None
    assert spec.fingerprint is not None
    assert spec.check_lazy is not None
    return spec.validate, spec.fingerprint, spec.check_lazy


def test_hooks_are_called_on_a_clone() -> None:
    validate, fingerprint, check_lazy = hooks(v3_spec(Hooked))

    assert (validate.names, validate.takes_all) == ({"n"}, False)
    assert validate.call(n=0) == "0 is too small"
    assert fingerprint.takes_all
    assert fingerprint.call(n=4, **{"hidden.prompt": {}}) == 8
    assert check_lazy(None, {"n": None}) == ["n"]


def test_a_node_without_hooks_has_none() -> None:
    spec = v3_spec(Base)

    assert (spec.validate, spec.fingerprint, spec.check_lazy) == (None, None, None)


def test_v1_callers_find_their_attributes() -> None:
    cls = node_with(answer=io.NodeOutput(5, [6]), schema={"is_output_node": True})

    assert cls.FUNCTION == "EXECUTE_NORMALIZED"
    assert cls.INPUT_TYPES()["required"] == {"n": ("INT", {"default": 1})}
    assert cls.INPUT_TYPES()["hidden"] == {
        "prompt": ("PROMPT",),
        "extra_pnginfo": ("EXTRA_PNGINFO",),
    }
    assert tuple(map(str, cls.RETURN_TYPES)) == ("INT", "MASK")
    assert tuple(map(str, cls.RETURN_NAMES)) == ("First", "MASK")
    assert cls.OUTPUT_TOOLTIPS == ("help", None)
    assert cls.OUTPUT_IS_LIST == (False, True)
    assert cls.OUTPUT_NODE is True
    assert cls.CATEGORY == "sd"
    assert [cls.INPUT_IS_LIST, cls.DEPRECATED, cls.EXPERIMENTAL, cls.API_NODE] == [False] * 4
    assert not cls.NOT_IDEMPOTENT
    assert cls.DESCRIPTION == ""
    answer = getattr(cls(), cls.FUNCTION)(n=1)
    assert (answer[0], answer.result) == (5, (5, [6]))


def test_a_node_may_mix_in_an_abstract_class() -> None:
    class Abstract(ABC):
        @classmethod
        @abstractmethod
        def execute(cls, n: int = 1) -> Any:
            """Left to nodes."""

    class Concrete(Base, Abstract):
        @classmethod
        def execute(cls, n: int = 1) -> Any:
            return n, [n]

    assert run(Concrete, n=4) == NodeResult((4, [4]))


def test_a_class_without_a_schema_is_refused() -> None:
    class Empty(io.ComfyNode):
        """Defines nothing."""

    with pytest.raises(NotImplementedError, match="Empty does not define its schema"):
        v3_spec(Empty)
