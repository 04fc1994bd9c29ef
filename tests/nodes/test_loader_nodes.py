from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError, InvalidValueError
from engine.graph.canvas import canvas_to_graph, parse_canvas
from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.model import DiffusionNetworkModel
from engine.models.residency import Residency
from engine.registry.decorator import node_specs
from engine.registry.registry import Registry
from engine.registry.spec import NodeContext, NodeSpec
from engine.text.clip import Clip
from nodes.latent import vae_decode, vae_encode
from nodes.loaders import (
    checkpoint_loader,
    checkpoint_loader_simple,
    clip_loader,
    diffusers_loader,
    lora_loader,
    unet_loader,
    vae_loader,
)
from tests.checkpoints import Size, lora_tensors, write_checkpoint

T = TypeVar("T")


class Context:
    """A host with a model library and nothing else."""

    node_id = "1"
    prompt: Mapping[str, Any] = {}

    def __init__(self, library: ModelLibrary) -> None:
        self.library = library

    def service(self, kind: type[T]) -> T:
        assert kind is ModelLibrary
        return cast("T", self.library)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("nodes")
    for key in ("checkpoints", "loras", "configs"):
        (base / "models" / key).mkdir(parents=True)
    write_checkpoint(base / "models" / "checkpoints" / "tiny.safetensors")
    small = Size(vocabulary=100)
    write_checkpoint(base / "models" / "checkpoints" / "small.safetensors", small)
    modules = {"lora_unet_mid_block_resnets_0_conv1": (64, 64, 3, 3), "lora_unet_other": (4, 4)}
    text = {"lora_te_text_model_encoder_layers_0_mlp_fc1": (128, 32)}
    loras = base / "models" / "loras"
    save_file(lora_tensors(modules | text), loras / "both.safetensors")
    save_file(lora_tensors({"lora_unet_other": (4, 4)}), loras / "none.safetensors")
    configs = base / "models" / "configs"
    (configs / "v.yaml").write_text("model:\n  params:\n    parameterization: v\n")
    (configs / "odd.yaml").write_text("model: 3\n")
    return base


@pytest.fixture
def context(base: Path, tmp_path: Path) -> NodeContext:
    folders = ModelFolders(base)
    library = ModelLibrary(folders, Residency(torch.device("cpu")), tmp_path / "conversions")
    return cast("NodeContext", Context(library))


@pytest.fixture
def loaded(context: NodeContext) -> checkpoint_loader_simple.LoadedCheckpoint:
    return checkpoint_loader_simple.checkpoint_loader_simple("tiny.safetensors", context)


def specs() -> Iterator[tuple[str, NodeSpec]]:
    modules = (checkpoint_loader_simple, checkpoint_loader, clip_loader, diffusers_loader,
               lora_loader, unet_loader, vae_loader, vae_decode, vae_encode)  # fmt: skip
    for module in modules:
        for spec in node_specs(module):
            yield spec.type_id, spec


CONTRACT = {
    "CheckpointLoaderSimple": (["ckpt_name"], ["MODEL", "CLIP", "VAE"]),
    "CheckpointLoader": (["config_name", "ckpt_name"], ["MODEL", "CLIP", "VAE"]),
    "DiffusersLoader": (["model_path"], ["MODEL", "CLIP", "VAE"]),
    "VAELoader": (["vae_name"], ["VAE"]),
    "UNETLoader": (["unet_name", "weight_dtype"], ["MODEL"]),
    "CLIPLoader": (["clip_name", "type", "device"], ["CLIP"]),
    "LoraLoader": (["model", "clip", "lora_name", "strength_model", "strength_clip"],
                   ["MODEL", "CLIP"]),
    "LoraLoaderModelOnly": (["model", "lora_name", "strength_model"], ["MODEL"]),
    "VAEDecode": (["samples", "vae"], ["IMAGE"]),
    "VAEDecodeTiled": (["samples", "vae", "tile_size", "overlap", "temporal_size",
                        "temporal_overlap"], ["IMAGE"]),
    "VAEEncode": (["pixels", "vae"], ["LATENT"]),
    "VAEEncodeTiled": (["pixels", "vae", "tile_size", "overlap", "temporal_size",
                        "temporal_overlap"], ["LATENT"]),
    "VAEEncodeForInpaint": (["pixels", "vae", "mask", "grow_mask_by"], ["LATENT"]),
}  # fmt: skip


def test_inputs_and_outputs_are_those_of_the_contract(base: Path) -> None:
    folders, found = ModelFolders(base), {}
    for type_id, spec in specs():
        sections = spec.input_types(folders)
        names = [*sections["required"], *sections.get("optional", {})]
        found[type_id] = (names, [output.name for output in spec.outputs])
        assert [str(o.type) for o in spec.outputs] == found[type_id][1]
    assert found == CONTRACT
    optional = dict(specs())["CLIPLoader"].input_types(folders)["optional"]
    assert list(optional) == ["device"]


def test_a_checkpoint_gives_three_values(
    loaded: checkpoint_loader_simple.LoadedCheckpoint,
) -> None:
    conditioning = loaded.clip.encode("a tile")
    assert conditioning[0][0].shape == (1, 77, 32)
    latent = {"samples": torch.randn(1, 4, 2, 2)}
    assert vae_decode.vae_decode(latent, loaded.vae).shape == (1, 16, 16, 3)  # type: ignore[arg-type]


def test_a_text_encoder_of_another_vocabulary_is_refused(context: NodeContext) -> None:
    with pytest.raises(FileFormatError, match="knows 100 tokens"):
        checkpoint_loader_simple.checkpoint_loader_simple("small.safetensors", context)


def test_a_configuration_says_what_is_predicted(context: NodeContext) -> None:
    checkpoint = checkpoint_loader.checkpoint_loader("v.yaml", "tiny.safetensors", context)
    assert checkpoint.model.prediction.value == "v_prediction"
    with pytest.raises(FileFormatError, match="no configuration"):
        checkpoint_loader.checkpoint_loader("odd.yaml", "tiny.safetensors", context)


def test_what_is_not_supported_is_named(context: NodeContext) -> None:
    with pytest.raises(InvalidValueError, match="weight_dtype"):
        unet_loader.unet_loader("tiny.safetensors", "fp8_e5m2", context)
    with pytest.raises(InvalidValueError, match='input "type"'):
        clip_loader.clip_loader("tiny.safetensors", "sd3", context)


def test_a_lora_changes_both_values_and_leaves_the_inputs(
    loaded: checkpoint_loader_simple.LoadedCheckpoint,
    context: NodeContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        changed = lora_loader.lora_loader(
            loaded.model, loaded.clip, "both.safetensors", context, 0.5, 1.0
        )
    assert "1 parts (of 3)" in caplog.text
    assert "lora_unet_other" in caplog.text
    assert isinstance(changed.model, DiffusionNetworkModel)
    assert isinstance(loaded.model, DiffusionNetworkModel)
    assert len(changed.model.patches) == 1
    assert loaded.model.patches == ()
    before, after = (value.encode("tile")[0][0] for value in (loaded.clip, changed.clip))
    assert not torch.allclose(before, after)
    assert torch.equal(before, loaded.clip.encode("tile")[0][0])
    assert isinstance(changed.clip, Clip)


def test_zero_strengths_return_the_inputs(
    loaded: checkpoint_loader_simple.LoadedCheckpoint, context: NodeContext
) -> None:
    same = lora_loader.lora_loader(loaded.model, loaded.clip, "missing", context, 0.0, 0.0)
    assert same.model is loaded.model
    assert same.clip is loaded.clip
    assert lora_loader.lora_loader_model_only(loaded.model, "missing", context, 0) is loaded.model
    half = lora_loader.lora_loader(loaded.model, loaded.clip, "both.safetensors", context, 0, 1)
    assert half.model is loaded.model
    assert half.clip is not loaded.clip


def test_a_lora_that_fits_nowhere_is_an_error(
    loaded: checkpoint_loader_simple.LoadedCheckpoint, context: NodeContext
) -> None:
    with pytest.raises(FileFormatError, match="none of its 1 parts fits"):
        lora_loader.lora_loader_model_only(loaded.model, "none.safetensors", context)


def test_inpainting_blanks_the_area_and_grows_it(
    loaded: checkpoint_loader_simple.LoadedCheckpoint,
) -> None:
    pixels, mask = torch.rand(1, 33, 32, 3), torch.zeros(1, 33, 32)
    mask[:, 10:12, 10:12] = 1
    encoded = vae_encode.vae_encode_for_inpaint(pixels, loaded.vae, mask, 6)
    area = encoded["noise_mask"]
    assert area.shape == (1, 1, 32, 32)
    rows = area[0, 0].amax(1).nonzero().flatten().tolist()
    assert rows == list(range(8, 15))  # 2 rows spread by windows of 6
    blanked = pixels[:, :32].clone()
    blanked[:, 10:12, 10:12] = 0.5
    torch.testing.assert_close(encoded["samples"], loaded.vae.encode(blanked))
    ungrown = vae_encode.vae_encode_for_inpaint(pixels, loaded.vae, mask[0], 0)["noise_mask"]
    assert float(ungrown.sum()) == 4


def test_tiled_nodes_take_a_quarter_of_the_tile_as_overlap(
    loaded: checkpoint_loader_simple.LoadedCheckpoint,
) -> None:
    image = torch.rand(1, 96, 96, 3)
    latent = vae_encode.vae_encode_tiled(image, loaded.vae, 64, 64)
    torch.testing.assert_close(latent["samples"], loaded.vae.encode_tiled(image, 64, 16))
    decoded = vae_decode.vae_decode_tiled(latent, loaded.vae, 64, 4096)
    torch.testing.assert_close(decoded, loaded.vae.decode_tiled(latent["samples"], 64, 16))


@pytest.mark.parametrize(
    ("old", "module"),
    [
        ("T2IAdapterLoader", "loaders.controlnet_loader"),
        ("ConditioningAverage ", "conditioning.average"),
    ],
)
def test_files_with_the_old_name_of_a_type_get_the_one_of_today(
    old: str, module: str, tmp_path: Path
) -> None:
    registry = Registry(ModelFolders(tmp_path))
    (spec,) = node_specs(importlib.import_module(f"nodes.{module}"))
    registry.add(spec, builtin=True)
    nodes = [{"id": 1, "type": old, "outputs": []}, {"id": 2, "type": spec.type_id, "outputs": []}]
    canvas = parse_canvas({"version": 0.4, "nodes": nodes, "links": []})
    assert [node.type for node in canvas_to_graph(canvas, registry).graph.values()] == [
        spec.type_id
    ] * 2
