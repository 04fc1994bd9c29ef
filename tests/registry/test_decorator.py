"""`@node` reads a typed function (and refuses what it cannot read)."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from engine.registry.decorator import node, node_specs
from engine.registry.spec import NodeContext, NodeSpec
from engine.registry.widgets import (
    AnyType,
    Choice,
    FileChoice,
    Input,
    Number,
    Output,
    Switch,
    Text,
)
from engine.types import Anything, Conditioning, Image, Mask, NodeResult, Ui
from tests.registry.registry_fakes import FakeContext, FakeFolders


def spec_of(function: Callable[..., Any], **settings: Any) -> NodeSpec:
    name = "".join(word.title() for word in function.__name__.split("_"))
    declared = node(name, category="test", **settings)(function)
    spec: NodeSpec = declared.__node__  # type: ignore[attr-defined]
    return spec


def inputs_of(spec: NodeSpec, section: str = "required") -> dict[str, tuple[Any, dict[str, Any]]]:
    found: dict[str, tuple[Any, dict[str, Any]]] = spec.input_types(FakeFolders())[section]
    return found


CONTROLS: list[tuple[Any, Any, Any, dict[str, Any]]] = [
    (int, 3, "INT", {"default": 3}),
    (Annotated[int, Number(1, 9, 2)], 3, "INT", {"default": 3, "min": 1, "max": 9, "step": 2}),
    (Annotated[float, Number(round=0.01)], 0.5, "FLOAT", {"default": 0.5, "round": 0.01}),
    (
        Annotated[float, Number(display="slider")],
        0.0,
        "FLOAT",
        {"default": 0.0, "display": "slider"},
    ),
    (
        Annotated[int, Number(control_after_generate=True)],
        0,
        "INT",
        {"default": 0, "control_after_generate": True},
    ),
    (bool, True, "BOOLEAN", {"default": True}),
    (
        Annotated[bool, Switch(on="yes", off="no")],
        False,
        "BOOLEAN",
        {"default": False, "label_on": "yes", "label_off": "no"},
    ),
    (str, "x", "STRING", {"default": "x"}),
    (
        Annotated[str, Text(multiline=True, dynamic_prompts=True, placeholder="…")],
        "",
        "STRING",
        {"default": "", "multiline": True, "dynamicPrompts": True, "placeholder": "…"},
    ),
    (Literal["a", "b"], "b", ["a", "b"], {"default": "b"}),
    (Annotated[str, Choice(["a", "b"])], "a", ["a", "b"], {"default": "a"}),
    (Annotated[str, Choice(lambda: ["now"])], "now", ["now"], {"default": "now"}),
    (Annotated[int, Input(lazy=True)], 1, "INT", {"default": 1, "lazy": True}),
    (Annotated[int, Input(force_input=True)], 1, "INT", {"default": 1, "forceInput": True}),
    (
        Annotated[int, Input(extra=(("advanced", True),))],
        1,
        "INT",
        {"default": 1, "advanced": True},
    ),
]


@pytest.mark.parametrize(("annotation", "default", "wire_type", "options"), CONTROLS)
def test_a_marker_becomes_its_option_keys(
    annotation: Any, default: Any, wire_type: Any, options: dict[str, Any]
) -> None:
    def show(value: Any) -> Ui:
        """Show a value."""
        return Ui()

    show.__annotations__["value"] = annotation
    show.__defaults__ = (default,)

    assert inputs_of(spec_of(show, output=True)) == {"value": (wire_type, options)}


def test_a_file_menu_lists_its_folder_and_names_the_files_read() -> None:
    def load(
        name: Annotated[str, FileChoice("loras", (".safetensors",), extra=("none",))],
        picture: Annotated[str, FileChoice("input", upload="image_upload", listed=False)],
    ) -> Image:
        """Load a file."""
        raise NotImplementedError

    spec = spec_of(load)

    assert inputs_of(spec) == {
        "name": (["loras.safetensors", "none"], {}),
        "picture": ("COMBO", {"image_upload": True}),
    }
    assert spec.files is not None
    assert list(spec.files({"name": "a.safetensors", "picture": "b.png"}, FakeFolders())) == [
        ("loras", "a.safetensors"),
        ("input", "b.png"),
    ]
    assert list(spec.files({"name": "none"}, FakeFolders())) == []


class TwoOutputs(NamedTuple):
    image: Image
    number: Annotated[int, Output("how many", tooltip="A number.")]
    positive: Conditioning


def test_a_named_tuple_names_its_outputs() -> None:
    def split(image: Image) -> TwoOutputs:
        """Split an image."""
        raise NotImplementedError

    assert [(o.type, o.name, o.tooltip) for o in spec_of(split).outputs] == [
        ("IMAGE", "IMAGE", None),
        ("INT", "how many", "A number."),
        ("CONDITIONING", "positive", None),
    ]


def test_a_single_annotation_is_one_output_named_like_its_type() -> None:
    def pick(mask: Mask | None = None) -> Literal["a", "b"] | NodeResult:
        """Pick a letter."""
        return "a"

    (output,) = spec_of(pick).outputs

    assert (output.type, output.name) == (["a", "b"], "COMBO")


def test_lists_of_inputs_and_outputs_are_told_from_types_that_are_lists() -> None:
    def batch(
        images: list[Image], size: list[Annotated[int, Number(1, 4)]], prompt: list[Conditioning]
    ) -> list[Image]:
        """Batch images."""
        return images

    spec = spec_of(batch, list_input=True)

    assert inputs_of(spec)["size"] == ("INT", {"min": 1, "max": 4})
    assert inputs_of(spec)["prompt"][0] == "CONDITIONING"
    assert spec.input_is_list
    assert [(o.type, o.is_list) for o in spec.outputs] == [("IMAGE", True)]


def test_optional_inputs_stand_in_their_own_section() -> None:
    def mix(
        image: Image,
        other: Image | None = None,
        strength: Annotated[float, Input(optional=True)] = 1.0,
    ) -> Image:
        """Mix images.

        Args:
            strength: How much of the
                other image.
        """
        return image

    spec = spec_of(mix)

    assert list(inputs_of(spec)) == ["image"]
    assert inputs_of(spec, "optional") == {
        "other": ("IMAGE", {}),
        "strength": ("FLOAT", {"default": 1.0, "tooltip": "How much of the other image."}),
    }
    assert spec.description == "Mix images."


def test_the_context_is_passed_and_is_no_input() -> None:
    def who(context: NodeContext, value: Annotated[Anything, Input(name="the value")]) -> str:
        """Say who runs."""
        return f"{context.node_id} {value}"

    spec = spec_of(who)
    context = FakeContext("12")

    assert list(inputs_of(spec)) == ["the value"]
    assert isinstance(inputs_of(spec)["the value"][0], AnyType)
    assert spec.call(spec.create(), {"the value": 5, "undeclared": 6}, context) == "12 5"


def test_hooks_are_described_by_their_parameters() -> None:
    def check(a: int) -> bool:
        return a > 0

    def key(**inputs: Any) -> int:
        return len(inputs)

    def lazy(the_a: int | None, **others: Any) -> list[str]:
        return ["a"] if the_a is None else []

    def add(the_a: Annotated[int, Input(name="a", lazy=True)], b: int = 2) -> int:
        """Add two numbers."""
        return the_a + b

    spec = spec_of(add, validate=check, fingerprint=key, check_lazy=lazy)

    assert spec.validate is not None
    assert (spec.validate.names, spec.validate.takes_all) == (frozenset("a"), False)
    assert spec.fingerprint is not None
    assert (spec.fingerprint.names, spec.fingerprint.takes_all) == (frozenset(), True)
    assert spec.check_lazy is not None
    assert spec.check_lazy(None, {"a": None, "b": 2}) == ["a"]


def no_help(image: Image) -> Image:
    return image


def untyped(image) -> Image:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Take anything."""
    return image  # type: ignore[no-any-return]


def unknown_type(image: bytes) -> Image:
    """Take bytes."""
    raise NotImplementedError


def no_output_type(image: Image):  # type: ignore[no-untyped-def]
    """Say nothing about the output."""


def variadic(*images: Image) -> Image:
    """Take any number of images."""
    return images[0]


def optional_without_default(value: Annotated[int, Input(optional=True)]) -> int:
    """Take a number perhaps."""
    return value


def wrong_choice(value: Literal["a", "b"] = "c") -> str:  # type: ignore[assignment]
    """Take a letter."""
    return value


def out_of_range(value: Annotated[int, Number(1, 5)] = 6) -> int:
    """Take a number."""
    return value


def list_without_setting(images: list[Image]) -> Image:
    """Take images."""
    return images[0]


def doubled_name(a: int = 1, b: Annotated[int, Input(name="a")] = 2) -> int:
    """Take two numbers."""
    return a + b


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_help, "no docstring"),
        (untyped, 'parameter "image" has no annotation'),
        (unknown_type, "no socket or widget type"),
        (no_output_type, "no return annotation"),
        (variadic, "passed by name"),
        (optional_without_default, "needs a default"),
        (wrong_choice, "'c' is not among"),
        (out_of_range, "6 is outside 1 to 5"),
        (list_without_setting, "no list"),
        (doubled_name, 'two inputs named "a"'),
    ],
)
def test_a_signature_that_is_no_node_is_refused(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        spec_of(function)


def test_a_function_is_named_like_its_node() -> None:
    with pytest.raises(TypeError, match="its function is named no_help"):
        node("Other", category="test")(no_help)


def test_a_module_lists_the_nodes_it_declares_itself() -> None:
    module = ModuleType("nodes.here")

    def here(image: Image) -> Image:
        """Do nothing."""
        return image

    def imported(image: Image) -> Image:
        """Do nothing either."""
        return image

    here.__module__, imported.__module__ = "nodes.here", "nodes.there"
    spec_of(imported)
    spec = spec_of(here)
    vars(module).update(here=here, imported=imported, number=5)

    assert node_specs(module) == [spec]


def test_declarations_are_fresh_on_each_call() -> None:
    def hold(value: int = 1) -> int:
        """Hold a number."""
        return value

    spec = spec_of(hold)
    inputs_of(spec)["value"][1]["default"] = 99

    assert inputs_of(spec)["value"][1] == {"default": 1}
