from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError
from engine.models.detect import KINDS, recognise
from engine.models.library import ModelLibrary
from tests.checkpoints import SD15, checkpoint_shapes, clip_shapes, unet_shapes, vae_shapes


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (checkpoint_shapes(SD15, ema=True, position_ids=True), "sd1"),
        (unet_shapes(SD15), "unet"),
        (vae_shapes(SD15), "vae"),
        ([f"text_model.{name}" for name in clip_shapes(SD15)], "clip"),
        (["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"], "lora"),
        (["model.diffusion_model.input_blocks.0.0.weight",
          "conditioner.embedders.1.model.ln_final.weight"], "sdxl"),
        (["model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.x",
          "cond_stage_model.model.ln_final.weight"], "sd2"),
        (["model.diffusion_model.double_blocks.0.img_attn.qkv.weight"], "flux"),
        (["double_blocks.0.img_attn.qkv.weight"], "flux"),
        (["control_model.input_hint_block.0.weight",
          "model.diffusion_model.input_blocks.0.0.weight"], "controlnet"),
        (["emb_params"], "embedding"),
    ],
)  # fmt: skip
def test_files_are_recognised_by_their_names(names: list[str], code: str) -> None:
    kind = recognise(names)
    assert kind is not None
    assert kind.code == code


def test_unknown_names_are_no_kind() -> None:
    assert recognise(["a", "b.weight"]) is None
    assert recognise([]) is None


def test_every_kind_says_what_it_is() -> None:
    for kind in KINDS:
        assert kind.label.startswith(("a ", "an "))
        assert kind.marks


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["x.lora_down.weight", "x.lora_up.weight"], "looks like a LoRA. Load it with LoraLoader"),
        (["decoder.conv_in.weight", "encoder.conv_in.weight"], "Load it with VAELoader"),
        (["conditioner.embedders.1.x"], "an SDXL checkpoint. This kind is not supported yet"),
        (["something"], "of no known kind"),
    ],
)
def test_a_wrong_loader_says_which_one_fits(
    library: ModelLibrary, checkpoints: Path, names: list[str], says: str
) -> None:
    save_file({name: torch.ones(1) for name in names}, checkpoints / "other.safetensors")
    with pytest.raises(FileFormatError, match=says):
        library.checkpoint("other.safetensors")
    (checkpoints / "other.safetensors").unlink()


def test_an_incomplete_checkpoint_names_the_missing_weight(
    library: ModelLibrary, checkpoints: Path
) -> None:
    from engine.models.reading import WeightFile

    weights = dict(WeightFile(checkpoints / "fp32.safetensors"))
    del weights["first_stage_model.decoder.conv_in.weight"]
    save_file(weights, checkpoints / "incomplete.safetensors")
    with pytest.raises(FileFormatError, match=r'its VAE lacks the weight "decoder.conv_in.weight"'):
        library.checkpoint("incomplete.safetensors")
    (checkpoints / "incomplete.safetensors").unlink()


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"unet_heads": 0}', '{"unknown": 1}', '{"prediction": "w"}'],
)  # fmt: skip
def test_a_wrong_configuration_is_named(
    library: ModelLibrary, checkpoints: Path, text: str
) -> None:
    from engine.models.reading import WeightFile

    weights = dict(WeightFile(checkpoints / "fp16.safetensors"))
    save_file(weights, checkpoints / "odd.safetensors", metadata={"tessera.config": text})
    with pytest.raises(FileFormatError, match=r"tessera\.config"):
        library.checkpoint("odd.safetensors")
    (checkpoints / "odd.safetensors").unlink()
