"""What V3 schemas declare (contract §4.7)."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from engine.registry.v3 import io


class Letter(Enum):
    a = "A"
    b = "B"


INPUTS: list[tuple[io.Input, str, dict[str, Any]]] = [
    (io.Image.Input("x"), "IMAGE", {}),
    (
        io.Mask.Input("x", "Shown", tooltip="help", lazy=True, extra_dict={"rawLink": True}),
        "MASK",
        {"display_name": "Shown", "tooltip": "help", "lazy": True, "rawLink": True},
    ),
    (
        io.Boolean.Input("x", default=True, label_on="on", label_off="off"),
        "BOOLEAN",
        {"default": True, "label_on": "on", "label_off": "off"},
    ),
    (
        io.Int.Input("x", default=0, min=0, max=9, step=3, control_after_generate=True),
        "INT",
        {"default": 0, "min": 0, "max": 9, "step": 3, "control_after_generate": True},
    ),
    (
        io.Int.Input("x", display_mode=io.NumberDisplay.slider),
        "INT",
        {"display": "slider"},
    ),
    (
        io.Float.Input("x", default=1.5, round=0.01, display_mode=io.NumberDisplay.number),
        "FLOAT",
        {"default": 1.5, "round": 0.01, "display": "number"},
    ),
    (
        io.String.Input("x", multiline=True, dynamic_prompts=True, placeholder="…"),
        "STRING",
        {"multiline": True, "dynamicPrompts": True, "placeholder": "…"},
    ),
    (
        io.String.Input("x", socketless=True, force_input=False, widget_type="COLOR"),
        "STRING",
        {"multiline": False, "socketless": True, "forceInput": False, "widgetType": "COLOR"},
    ),
    (
        io.Combo.Input("x", ["a", "b"], default="b", control_after_generate="fixed"),
        "COMBO",
        {"options": ["a", "b"], "default": "b", "control_after_generate": "fixed"},
    ),
    (
        io.Combo.Input("x", options=Letter, default=Letter.b),
        "COMBO",
        {"options": ["A", "B"], "default": "B"},
    ),
    (
        io.Combo.Input("x", [], upload=io.UploadType.model, image_folder=io.FolderType.output),
        "COMBO",
        {"options": [], "file_upload": True, "image_folder": "output"},
    ),
    (
        io.Combo.Input("x", remote=io.RemoteOptions("/files", True, timeout=5)),
        "COMBO",
        {
            "remote": {
                "route": "/files",
                "refresh_button": True,
                "control_after_refresh": "first",
                "timeout": 5,
            }
        },
    ),
    (
        io.MultiCombo.Input("x", options=["a"], placeholder="pick", chip=True),
        "COMBO",
        {"options": ["a"], "multi_select": {"placeholder": "pick", "chip": True}},
    ),
    (io.MultiType.Input("x", [io.Image, io.Mask]), "IMAGE,MASK", {}),
    (
        io.MultiType.Input(io.Float.Input("x", default=2.0), types=[io.Int, io.Float]),
        "FLOAT,INT",
        {"default": 2.0, "widgetType": "FLOAT"},
    ),
    (io.Custom("MY_TYPE").Input("x"), "MY_TYPE", {}),
    (io.AnyType.Input("x"), "*", {}),
    (
        io.MatchType.Input("x", io.MatchType.Template("t", [io.Image, io.Mask])),
        "IMAGE,MASK",
        {"template_id": "t"},
    ),
    (
        io.AutogrowDynamic.Input("x", io.Image.Input("image"), min=2, max=5),
        "COMFY_AUTOGROW_V3",
        {"template": ["IMAGE", {}], "min": 2, "max": 5},
    ),
    (io.ComboDynamic.Input("x"), "COMFY_COMBODYNAMIC_V3", {}),
]


@pytest.mark.parametrize(("item", "wire_type", "options"), INPUTS)
def test_an_input_becomes_a_type_with_option_keys(
    item: io.Input, wire_type: str, options: dict[str, Any]
) -> None:
    assert str(item.get_io_type()) == wire_type
    assert item.as_dict() == options


SOCKETS = {
    "BBOX": "BBOX",
    "ClipVisionOutput": "CLIP_VISION_OUTPUT",
    "ControlNet": "CONTROL_NET",
    "FaceAnalysis": "FACE_ANALYSIS",
    "HookKeyframes": "HOOK_KEYFRAMES",
    "Load3D": "LOAD_3D",
    "Load3DAnimation": "LOAD_3D_ANIMATION",
    "Load3DCamera": "LOAD3D_CAMERA",
    "MODEL_PATCH": "MODEL_PATCH",
    "SVG": "SVG",
    "TimestepsRange": "TIMESTEPS_RANGE",
    "WanCameraEmbedding": "WAN_CAMERA_EMBEDDING",
}


@pytest.mark.parametrize(("name", "wire_type"), SOCKETS.items())
def test_socket_types_have_the_wire_names_of_the_contract(name: str, wire_type: str) -> None:
    socket = getattr(io, name)

    assert str(socket.Input("x").get_io_type()) == wire_type
    assert str(socket.Output().get_io_type()) == wire_type


def test_sections_keep_the_order_of_declaration() -> None:
    schema = io.Schema(
        node_id="N",
        inputs=[
            io.Image.Input("b", optional=True),
            io.Int.Input("c"),
            io.Image.Input("a"),
        ],
    )

    declared = schema.declared_inputs()

    assert (list(declared["required"]), list(declared["optional"])) == (["c", "a"], ["b"])


def test_an_output_node_is_given_what_it_writes_into_files() -> None:
    schema = io.Schema(node_id="N", is_output_node=True, hidden=[io.Hidden.prompt])

    assert schema.hidden == [io.Hidden.prompt, io.Hidden.extra_pnginfo]


def test_an_id_is_used_once_in_inputs_and_outputs_together() -> None:
    with pytest.raises(ValueError, match='"x" is used twice'):
        io.Schema(node_id="N", inputs=[io.Int.Input("x")], outputs=[io.Int.Output("x")])


def test_outputs_without_an_id_do_not_collide() -> None:
    schema = io.Schema(node_id="N", outputs=[io.Int.Output(), io.Int.Output()])

    assert len(schema.outputs) == 2


def test_a_matching_output_has_the_types_its_template_allows() -> None:
    output = io.MatchType.Output(io.MatchType.Template("t", io.Image), "out")

    assert (str(output.get_io_type()), output.id) == ("IMAGE", "out")
