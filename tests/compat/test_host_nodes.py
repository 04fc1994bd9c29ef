"""The host module `nodes`: classes of the built-in nodes, as packs call and extend them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.compat.hosting.missing import NotOfferedError
from tests.compat.pack_bench import CHECKPOINT, Bench, host, run_as_pack

pytestmark = pytest.mark.usefixtures("bench")


def test_nodes_is_the_built_in_package_and_the_host_module_in_one() -> None:
    import nodes
    import nodes.image.save_image as module

    assert nodes.__path__
    assert module.save_image.__module__ == "nodes.image.save_image"
    assert host("nodes") is nodes
    assert host("nodes").MAX_RESOLUTION == 16384
    assert host("nodes").SaveImage is host("nodes").NODE_CLASS_MAPPINGS["SaveImage"]
    assert host("nodes").image is sys.modules["nodes.image"]


def test_a_star_import_brings_classes_and_constants(tmp_path: Path) -> None:
    code = "from nodes import *\nfound = (MAX_RESOLUTION, KSampler.FUNCTION, VAEDecode.CATEGORY)"

    assert run_as_pack(tmp_path, code) == (16384, "sample", "latent")


def test_host_classes_have_the_v1_attributes(bench: Bench) -> None:
    cls = host("nodes").KSampler

    assert cls.RETURN_TYPES == ("LATENT",)
    assert cls.FUNCTION == "sample"
    assert cls.CATEGORY == "sampling"
    assert cls.INPUT_TYPES() == bench.engine.registry.input_types("KSampler")
    assert host("nodes").PreviewImage.OUTPUT_NODE is True
    assert issubclass(host("nodes").PreviewImage, host("nodes").SaveImage)


@pytest.mark.parametrize(
    ("type_id", "method"),
    [
        ("CLIPTextEncode", "encode"),
        ("LoraLoader", "load_lora"),
        ("SaveImage", "save_images"),
        ("ConditioningCombine", "combine"),
        ("ConditioningConcat", "concat"),
        ("ConditioningAverage", "addWeighted"),
        ("ConditioningZeroOut", "zero_out"),
        ("ConditioningSetTimestepRange", "set_range"),
        ("ConditioningSetArea", "append"),
        ("VAEDecode", "decode"),
        ("EmptyLatentImage", "generate"),
        ("LoadImage", "load_image"),
        ("ImageScale", "upscale"),
        ("KSampler", "sample"),
        ("CheckpointLoaderSimple", "load_checkpoint"),
        ("VAELoader", "load_vae"),
        ("UNETLoader", "load_unet"),
        ("CLIPLoader", "load_clip"),
        ("ImageBatch", "batch"),
        ("RepeatLatentBatch", "repeat"),
    ],
)
def test_method_names_are_those_packs_call(type_id: str, method: str) -> None:
    cls = host("nodes").NODE_CLASS_MAPPINGS[type_id]

    assert method == cls.FUNCTION
    assert callable(getattr(cls, method))


def test_every_built_in_node_has_a_class_whose_method_exists(bench: Bench) -> None:
    for type_id in bench.engine.registry:
        cls: Any = host("nodes").NODE_CLASS_MAPPINGS[type_id]
        assert callable(getattr(cls, cls.FUNCTION)), type_id


def test_every_listed_method_belongs_to_a_node_and_every_order_to_its_inputs(
    bench: Bench,
) -> None:
    from engine.compat.hosting.node_methods import ARGUMENT_ORDER, METHODS

    registry = bench.engine.registry
    assert set(METHODS) <= set(registry)
    for type_id, order in ARGUMENT_ORDER.items():
        sections = registry.input_types(type_id)
        assert {name for section in sections.values() for name in section} == set(order)


def test_classes_run_outside_of_nodes_where_no_run_is_needed(bench: Bench) -> None:
    (image,) = host("nodes").EmptyImage().generate(4, 2, 1, 0xFF0000)
    assert image.shape == (1, 2, 4, 3)
    assert image[0, 0, 0].tolist() == [1.0, 0.0, 0.0]

    model, clip, vae = host("nodes").CheckpointLoaderSimple().load_checkpoint(CHECKPOINT)
    assert isinstance(model, host("comfy.model_patcher").ModelPatcher)
    assert isinstance(vae, host("comfy.sd").VAE)
    assert isinstance(clip, host("comfy.sd").CLIP)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda cls: cls().generate(1, 2, 3, 4, {}, {}, 7), "takes 6 arguments, got 7"),
        (lambda cls: cls().generate(1, width=2), '"width" is given twice'),
        (lambda cls: cls().generate(colour=2), '"colour" is no input of it'),
    ],
)
def test_wrong_arguments_are_refused_as_by_a_plain_method(call: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        call(host("nodes").EmptyImage)


def test_a_class_that_a_pack_puts_into_the_mappings_is_a_node_type(bench: Bench) -> None:
    class Doubled:
        INPUT_TYPES = classmethod(lambda cls: {"required": {"value": ("INT", {"default": 1})}})
        RETURN_TYPES = ("INT",)
        FUNCTION = "double"

        def double(self, value: int) -> tuple[int]:
            return (value * 2,)

    host("nodes").NODE_CLASS_MAPPINGS.update({"Doubled": Doubled, "KSampler": Doubled})
    host("nodes").NODE_DISPLAY_NAME_MAPPINGS["Doubled"] = "Twice"

    assert bench.values({"1": ("Doubled", {"value": 4})}, "1") == [8]
    assert bench.engine.registry["Doubled"].display_name == "Twice"
    assert host("nodes").NODE_CLASS_MAPPINGS["Doubled"] is Doubled
    assert host("nodes").NODE_CLASS_MAPPINGS["KSampler"] is not Doubled, "built-in names stay"
    assert host("nodes").NODE_CLASS_MAPPINGS.copy()["Doubled"] is Doubled
    with pytest.raises(NotOfferedError, match="removing"):
        del host("nodes").NODE_CLASS_MAPPINGS["Doubled"]
