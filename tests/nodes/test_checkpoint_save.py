"""CheckpointSave: what was loaded comes out again, with what nodes have changed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.registry.spec import NodeContext
from engine.text.tokenizer import tokenizer_metadata
from nodes.advanced.checkpoint_save import checkpoint_save
from nodes.advanced.model_sampling import model_sampling_discrete
from nodes.loaders.checkpoint_loader_simple import LoadedCheckpoint, checkpoint_loader_simple
from nodes.loaders.lora_loader import lora_loader_model_only
from tests.checkpoints import Size, lora_tensors, write_checkpoint
from tests.nodes.model_host import ModelHost

SMALL = Size(
    vae_widths=(16, 16, 32),
    vae_attention=False,
    codes=32,
    vocabulary=600,
    positions=24,
    metadata={"unet_heads": 4, "vae_norm_groups": 4, "clip_heads": 2, "scale_factor": 1.0},
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "models" / "loras").mkdir()
    path = tmp_path / "models" / "checkpoints" / "small.safetensors"
    write_checkpoint(path, SMALL, dtype=torch.float16)
    tensors, metadata = read(path)
    words = tokenizer_metadata([("a", "b</w>")])
    save_file(tensors, path, {**metadata, **words})
    return tmp_path


@pytest.fixture
def context(base: Path) -> NodeContext:
    return ModelHost(base, {"1": {}}).context


@pytest.fixture
def loaded(context: NodeContext) -> LoadedCheckpoint:
    return checkpoint_loader_simple("small.safetensors", context)


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


async def test_a_loaded_checkpoint_is_saved_bit_for_bit(
    base: Path, context: NodeContext, loaded: LoadedCheckpoint
) -> None:
    await checkpoint_save(*loaded, context)
    before, said = read(base / "models" / "checkpoints" / "small.safetensors")
    after, says = read(base / "output" / "checkpoints" / "ComfyUI_00001_.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert says["tessera.tokenizer"] == said["tessera.tokenizer"]
    assert json.loads(says["prompt"]) == {"1": {}}
    expected = json.loads(said["tessera.config"]) | {"prediction": "eps"}
    assert json.loads(says["tessera.config"]) == expected


async def test_what_is_saved_is_offered_and_speaks_its_own_words(
    context: NodeContext, loaded: LoadedCheckpoint
) -> None:
    await checkpoint_save(*loaded, context, "checkpoints/mine")
    again = checkpoint_loader_simple("mine_00001_.safetensors", context)
    first, second = (part.clip.encode("ab and b")[0][0] for part in (loaded, again))
    assert torch.equal(first, second)
    assert again.model.latent_format == loaded.model.latent_format


async def test_settings_and_loras_are_saved_along(
    base: Path, context: NodeContext, loaded: LoadedCheckpoint
) -> None:
    tensors = lora_tensors({"lora_unet_mid_block_resnets_0_conv1": (64, 64, 3, 3)})
    save_file(tensors, base / "models" / "loras" / "one.safetensors")
    model = lora_loader_model_only(loaded.model, "one.safetensors", context)
    model = model_sampling_discrete(model, "v_prediction", zsnr=True)
    await checkpoint_save(model, loaded.clip, loaded.vae, context)
    before, _ = read(base / "models" / "checkpoints" / "small.safetensors")
    after, says = read(base / "output" / "checkpoints" / "ComfyUI_00001_.safetensors")
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["model.diffusion_model.middle_block.0.in_layers.2.weight"]
    config = json.loads(says["tessera.config"])
    assert (config["prediction"], config["zero_terminal_snr"]) == ("v_prediction", True)


async def test_previews_keep_their_colours(base: Path, context: NodeContext) -> None:
    rows = [[0.5, 0.25, 0.125]] * 4 + [[0.1, 0.2, 0.3]]
    described = dataclasses.replace(SMALL, metadata={**SMALL.metadata, "preview_rgb": rows})
    path = base / "models" / "checkpoints"
    write_checkpoint(path / "colours.safetensors", described, dtype=torch.float16)
    write_checkpoint(path / "usual.safetensors", Size(), dtype=torch.float16)
    words = checkpoint_loader_simple("small.safetensors", context).clip
    for name in ("colours", "usual"):
        model = context.service(ModelLibrary).diffusion_model_at(path / f"{name}.safetensors")
        vae = context.service(ModelLibrary).checkpoint_at(path / f"{name}.safetensors").vae
        await checkpoint_save(model, words, vae, context, f"checkpoints/{name}")
        saved = base / "output" / "checkpoints" / f"{name}_00001_.safetensors"
        again = context.service(ModelLibrary).diffusion_model_at(saved).latent_format
        assert again.rgb is not None
        assert (again.rgb, again.rgb_bias) == (
            model.latent_format.rgb,
            model.latent_format.rgb_bias,
        )


async def test_a_gumbel_first_stage_is_not_saved_as_another_kind(
    context: NodeContext, base: Path, loaded: LoadedCheckpoint
) -> None:
    gumbel = dataclasses.replace(SMALL, gumbel=True)
    path = base / "models" / "checkpoints" / "gumbel.safetensors"
    write_checkpoint(path, gumbel)
    vae = context.service(ModelLibrary).checkpoint_at(path).vae
    with pytest.raises(InvalidValueError, match="trained with Gumbel noise"):
        await checkpoint_save(loaded.model, loaded.clip, vae, context)


async def test_weights_too_large_for_half_precision_are_refused(
    base: Path, context: NodeContext
) -> None:
    path = base / "models" / "checkpoints" / "small.safetensors"
    tensors, metadata = read(path)
    whole = {name: tensor.float() for name, tensor in tensors.items()}
    whole["model.diffusion_model.out.2.bias"][0] = 1e6
    save_file(whole, path, metadata)
    loaded = checkpoint_loader_simple("small.safetensors", context)
    with pytest.raises(InvalidValueError, match="65504"):
        await checkpoint_save(*loaded, context)
    assert not list((base / "output").rglob("*.safetensors"))


async def test_values_of_other_makers_are_named(
    context: NodeContext, loaded: LoadedCheckpoint
) -> None:
    odd = cast("Any", object())
    with pytest.raises(InvalidValueError, match='"vae"'):
        await checkpoint_save(loaded.model, loaded.clip, odd, context)
