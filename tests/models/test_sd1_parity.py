"""Networks read from LDM files against diffusers and transformers, called directly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models.families import kl, unet
from engine.models.families.naming import below
from engine.models.library import Checkpoint, ModelLibrary
from engine.models.reading import WeightFile
from tests.checkpoints import SD15, TINY, Size, checkpoint_shapes, write_checkpoint

pytestmark = pytest.mark.parity
EXACT: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}  # float32, summed in another order


@pytest.fixture
def source(checkpoints: Path) -> WeightFile:
    return WeightFile(checkpoints / "fp32.safetensors")


@pytest.fixture
def checkpoint(library: ModelLibrary) -> Checkpoint:
    return library.checkpoint("fp32.safetensors")


def reference_unet(weights: Mapping[str, torch.Tensor], size: Size = TINY) -> Any:
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    attention = size.unet_attention
    network = UNet2DConditionModel(
        block_out_channels=size.unet_widths,
        layers_per_block=size.unet_blocks,
        down_block_types=["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        up_block_types=["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in attention[::-1]],
        cross_attention_dim=size.context,
        attention_head_dim=8,
    )
    converted = convert_ldm_unet_checkpoint(dict(weights), {"layers_per_block": size.unet_blocks})
    network.load_state_dict(converted)
    return network.eval()


def reference_vae(weights: Mapping[str, torch.Tensor]) -> Any:
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    levels = len(TINY.vae_widths)
    config = {
        "block_out_channels": TINY.vae_widths,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "layers_per_block": TINY.vae_blocks,
    }
    network = AutoencoderKL(**config)
    network.load_state_dict(convert_ldm_vae_checkpoint(dict(weights), config))
    return network.eval()


def test_unet_matches_diffusers(source: WeightFile, checkpoint: Checkpoint) -> None:
    x, context = torch.randn(2, 4, 8, 8), torch.randn(2, 77, TINY.context)
    timestep = torch.tensor([3.0, 801.0])
    with torch.no_grad():
        expected = reference_unet(source)(x, timestep, context).sample
    with checkpoint.model.loaded((2, 4, 8, 8)) as network:
        torch.testing.assert_close(network(x, timestep, context, {}), expected, **EXACT)


def test_vae_matches_diffusers(source: WeightFile, checkpoint: Checkpoint) -> None:
    reference = reference_vae(source)
    latent, image = torch.randn(2, 4, 4, 6), torch.rand(2, 32, 48, 3)
    with torch.no_grad():
        decoded = (reference.decode(latent).sample / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
        mode = reference.encode(image.permute(0, 3, 1, 2) * 2 - 1).latent_dist.mode()
    torch.testing.assert_close(checkpoint.vae.decode(latent), decoded, **EXACT)
    torch.testing.assert_close(checkpoint.vae.encode(image), mode, **EXACT)


def test_text_network_matches_transformers(source: WeightFile, checkpoint: Checkpoint) -> None:
    from diffusers.loaders.single_file_utils import convert_ldm_clip_checkpoint
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        hidden_size=TINY.context, intermediate_size=4 * TINY.context,
        num_hidden_layers=TINY.clip_layers, num_attention_heads=1, vocab_size=TINY.vocabulary,
    )  # fmt: skip
    reference = CLIPTextModel(config).eval()
    converted = convert_ldm_clip_checkpoint(dict(source))
    cut = {name.removeprefix("text_model."): weight for name, weight in converted.items()}
    getattr(reference, "text_model", reference).load_state_dict(cut)
    ids = torch.randint(0, 49406, (2, 77))
    ids[0, 20:], ids[1, 76] = 49407, 49407
    with torch.no_grad():
        expected = reference(ids, output_hidden_states=True)
        skipped = reference.final_layer_norm(expected.hidden_states[-2])
    with checkpoint.clip_network.loaded() as network:
        vectors = network.token_embeddings(ids)
        last, pooled = network(vectors, torch.tensor([20, 76]), -1)
        second, also_pooled = network(vectors, torch.tensor([20, 76]), -2)
    torch.testing.assert_close(last, expected.last_hidden_state, **EXACT)
    torch.testing.assert_close(pooled, expected.pooler_output, **EXACT)
    torch.testing.assert_close(second, skipped, **EXACT)
    assert torch.equal(also_pooled, pooled)


def test_names_of_the_true_shape_are_those_of_diffusers() -> None:
    from diffusers.loaders.single_file_utils import (
        convert_ldm_unet_checkpoint,
        convert_ldm_vae_checkpoint,
    )

    shapes = checkpoint_shapes(SD15, ema=True, position_ids=True)
    unet_names = below(shapes, "model.diffusion_model.")
    found = unet.ldm_names(unet_names, unet.read_shape(_inner(shapes, unet_names)))
    named = {name: name for name in unet_names.values()}
    assert found == convert_ldm_unet_checkpoint(named, {"layers_per_block": 2})

    vae_names = below(shapes, "first_stage_model.")
    stored = {name: torch.empty(shapes[name], device="meta") for name in vae_names.values()}
    config = {"down_block_types": [0] * 4, "up_block_types": [0] * 4}
    expected = convert_ldm_vae_checkpoint(stored, config)
    found = kl.network_names(vae_names, kl.read_shape(_inner(shapes, vae_names)))
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        if "attentions" not in name:  # diffusers makes new tensors for those
            assert stored[found[name]] is weight


def _inner(shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]) -> Any:
    return {short: shapes[full] for short, full in names.items()}


def test_the_true_shape_is_inferred() -> None:
    shapes = checkpoint_shapes(SD15)
    inner = {short: shapes[full] for short, full in below(shapes, "model.diffusion_model.").items()}
    shape = unet.read_shape(inner)
    assert [level.width for level in shape.levels] == [320, 640, 1280, 1280]
    assert [level.attention for level in shape.levels] == [True, True, True, False]
    assert (shape.context_width, shape.in_channels, shape.linear_projection) == (768, 4, False)
    network = unet.build(shape, 8, None)
    assert sum(p.numel() for p in network.parameters()) == 859_520_964  # SD 1.5's published count


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_half_precision_files_run_in_float32(
    library: ModelLibrary, checkpoints: Path, suffix: str, dtype: torch.dtype
) -> None:
    name = f"half-{str(dtype)[6:]}{suffix}"
    write_checkpoint(checkpoints / name, TINY, dtype=dtype, ema=True, position_ids=True)
    loaded, full = library.checkpoint(name), library.checkpoint("fp32.safetensors")
    x, context = torch.randn(1, 4, 8, 8), torch.randn(1, 77, TINY.context)
    results = []
    for model in (loaded.model, full.model):
        with model.loaded((1, 4, 8, 8)) as network:
            results.append(network(x, torch.tensor([500.0]), context, {}))
    assert results[0].dtype == torch.float32
    # Rounded weights: 8 bits of mantissa in bfloat16, 11 in float16, over a dozen layers.
    tolerance = 0.1 if dtype == torch.bfloat16 else 0.02
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=tolerance)


def test_other_shapes_and_their_configuration_are_read(
    library: ModelLibrary, checkpoints: Path
) -> None:
    size = Size(
        unet_widths=(32, 64, 64), unet_blocks=2, unet_attention=(False, True, True),
        latent_channels=8, in_channels=8, vae_widths=(16, 32, 64), vae_attention=False,
        positions=24,
        metadata={"unet_heads": 4, "vae_norm_groups": 8, "prediction": "v_prediction",
                  "scale_factor": 1.0, "clip_tokens": 20, "clip_heads": 2},
    )  # fmt: skip
    write_checkpoint(checkpoints / "starter.safetensors", size)
    checkpoint = library.checkpoint("starter.safetensors")
    assert checkpoint.model.prediction.value == "v_prediction"
    assert checkpoint.model.latent_format.scale == 1.0
    assert checkpoint.model.latent_format.downscale == checkpoint.vae.downscale == 4
    assert checkpoint.clip_network.max_tokens == 20
    assert checkpoint.vae.decode(torch.randn(1, 8, 4, 4)).shape == (1, 16, 16, 3)
    with checkpoint.model.loaded((1, 8, 8, 8)) as network:
        out = network(torch.randn(1, 8, 8, 8), torch.ones(1), torch.randn(1, 20, 32), {})
    assert out.shape == (1, 8, 8, 8)
    assert network._unet.config.attention_head_dim == 4  # type: ignore[attr-defined]


def test_parts_are_found_alone_in_ldm_and_diffusers_names(
    library: ModelLibrary, base: Path, source: WeightFile
) -> None:
    from safetensors.torch import save_file

    full = library.checkpoint("fp32.safetensors")
    models = base / "models"
    for prefix, folder in (
        ("model.diffusion_model.", "diffusion_models"),
        ("first_stage_model.", "vae"),
        ("cond_stage_model.transformer.", "text_encoders"),
    ):
        names = below(source, prefix)
        save_file({n: source[f] for n, f in names.items()}, models / folder / "ldm.safetensors")
    for component, path in (
        (full.model.component, "diffusion_models/hf.safetensors"),
        (full.vae.component, "vae/hf.safetensors"),
        (full.model.component, "diffusers/sd/unet/diffusion_pytorch_model.safetensors"),
        (full.vae.component, "diffusers/sd/vae/diffusion_pytorch_model.safetensors"),
        (full.clip_network.component, "diffusers/sd/text_encoder/model.safetensors"),
    ):
        (models / path).parent.mkdir(parents=True, exist_ok=True)
        weights = {name: source[stored] for name, stored in component.names.items()}
        save_file(weights, models / path)
    (models / "diffusers/sd/model_index.json").write_text(json.dumps({}))
    (models / "diffusers/sd/scheduler").mkdir()
    config = models / "diffusers/sd/scheduler/scheduler_config.json"
    config.write_text(json.dumps({"prediction_type": "v_prediction"}))
    folder_model = library.diffusers_folder("sd")
    assert folder_model.model.prediction.value == "v_prediction"
    latent = torch.randn(1, 4, 4, 4)
    expected = full.vae.decode(latent)
    for vae in (library.vae("ldm.safetensors"), library.vae("hf.safetensors"), folder_model.vae):
        assert torch.equal(vae.decode(latent), expected)
    x, context = torch.randn(1, 4, 8, 8), torch.randn(1, 5, TINY.context)
    outputs = []
    for model in (full.model, library.diffusion_model("ldm.safetensors"),
                  library.diffusion_model("hf.safetensors"), folder_model.model):  # fmt: skip
        with model.loaded((1, 4, 8, 8)) as network:
            outputs.append(network(x, torch.ones(1), context, {}))
    for output in outputs:  # weights lie at other alignments, so kernels may differ
        torch.testing.assert_close(output, outputs[0], **EXACT)
    for text in (library.text_encoder("ldm.safetensors"), folder_model.clip_network):
        assert (text.width, text.layers) == (TINY.context, TINY.clip_layers)
        with text.loaded() as forward:
            assert forward.token_embeddings(torch.tensor([[1]])).shape == (1, 1, TINY.context)
