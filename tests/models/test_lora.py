from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError
from engine.models.library import Checkpoint, ModelLibrary
from engine.models.lora import Lora
from engine.models.reading import WeightFile
from tests.checkpoints import lora_tensors

ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"
CONV = "down_blocks.0.resnets.0.conv1"
TEXT = "text_model_encoder_layers_0_self_attn_q_proj"


@pytest.fixture
def checkpoint(library: ModelLibrary) -> Checkpoint:
    return library.checkpoint("fp32.safetensors")


def lora_of(path: Path, tensors: dict[str, torch.Tensor]) -> Lora:
    save_file(tensors, path)
    return Lora(WeightFile(path), str(path))


def placed(checkpoint: Checkpoint, weight: str, *patches: object) -> torch.Tensor:
    model = checkpoint.model.with_patches(patches)  # type: ignore[arg-type]
    with model.residency.use(model.component, model.patches) as network:
        return network.get_parameter(weight).clone()


def test_weights_change_by_the_scaled_product(tmp_path: Path, checkpoint: Checkpoint) -> None:
    module = f"lora_unet_{ATTENTION.replace('.', '_')}_to_q"
    tensors = lora_tensors({module: (32, 32)}, rank=4, alpha=2.0)
    patch = lora_of(tmp_path / "l.safetensors", tensors).unet_patch(checkpoint.model.component, 0.5)
    weight = f"{ATTENTION}.to_q.weight"
    up, down = tensors[f"{module}.lora_up.weight"], tensors[f"{module}.lora_down.weight"]
    expected = placed(checkpoint, weight) + 0.5 * (2.0 / 4) * up @ down
    torch.testing.assert_close(placed(checkpoint, weight, patch), expected)
    assert not torch.equal(placed(checkpoint, weight), expected)


def test_convolutions_change_with_and_without_a_core(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    module = f"lora_unet_{CONV.replace('.', '_')}"
    weight = f"{CONV}.weight"
    base = placed(checkpoint, weight)
    plain = lora_tensors({module: (32, 32, 3, 3)}, rank=2, alpha=2.0)
    up, down = (plain[f"{module}.lora_{part}.weight"] for part in ("up", "down"))
    patch = lora_of(tmp_path / "a.safetensors", plain).unet_patch(checkpoint.model.component, 1.0)
    change = torch.nn.functional.conv2d(down.transpose(0, 1), up).transpose(0, 1)
    torch.testing.assert_close(placed(checkpoint, weight, patch), base + change)

    core = torch.randn(2, 2, 3, 3)
    with_core = {f"{module}.lora_down.weight": torch.randn(2, 32, 1, 1),
                 f"{module}.lora_up.weight": up, f"{module}.lora_mid.weight": core}  # fmt: skip
    lora = lora_of(tmp_path / "b.safetensors", with_core)
    expected = torch.zeros_like(base)
    first = with_core[f"{module}.lora_down.weight"][:, :, 0, 0]
    for row in range(3):
        for column in range(3):
            expected[:, :, row, column] = up[:, :, 0, 0] @ core[:, :, row, column] @ first
    patched = placed(checkpoint, weight, lora.unet_patch(checkpoint.model.component, 1.0))
    torch.testing.assert_close(patched, base + expected)


@pytest.mark.parametrize(
    ("down", "up"),
    [
        (f"lora_unet_{ATTENTION.replace('.', '_')}_to_q.lora_down.weight",
         f"lora_unet_{ATTENTION.replace('.', '_')}_to_q.lora_up.weight"),
        (f"unet.{ATTENTION}.to_q.lora_A.weight", f"unet.{ATTENTION}.to_q.lora_B.weight"),
        (f"unet.{ATTENTION}.to_q.lora.down.weight", f"unet.{ATTENTION}.to_q.lora.up.weight"),
        (f"unet.{ATTENTION}.processor.to_q_lora.down.weight",
         f"unet.{ATTENTION}.processor.to_q_lora.up.weight"),
        ("lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_down.weight",
         "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight"),
        ("diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.lora_A.weight",
         "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.lora_B.weight"),
    ],
    ids=["kohya", "PEFT", "diffusers", "diffusers processors", "kohya LDM", "LDM PEFT"],
)  # fmt: skip
def test_names_of_all_trainers_are_found(
    tmp_path: Path, checkpoint: Checkpoint, down: str, up: str
) -> None:
    lora = lora_of(tmp_path / "l.safetensors", {down: torch.ones(2, 32), up: torch.ones(32, 2)})
    patch = lora.unet_patch(checkpoint.model.component, 1.0)
    assert list(patch.modules) == [f"{ATTENTION}.to_q.weight"]
    weight = f"{ATTENTION}.to_q.weight"
    torch.testing.assert_close(placed(checkpoint, weight, patch), placed(checkpoint, weight) + 2)


@pytest.mark.parametrize("prefix", ["lora_te_", "lora_te1_", "text_encoder."])
def test_text_networks_change_too(tmp_path: Path, checkpoint: Checkpoint, prefix: str) -> None:
    name = f"{prefix}{TEXT}" if "_te" in prefix else f"{prefix}{TEXT.replace('_', '.', 1)}"
    tensors = lora_tensors({name: (32, 32)})
    lora = lora_of(tmp_path / "l.safetensors", tensors)
    patch = lora.text_patch(checkpoint.clip_network.component, 1.0)
    assert list(patch.modules) == ["encoder.layers.0.self_attn.q_proj.weight"]
    assert lora.unet_patch(checkpoint.model.component, 1.0).modules == {}
    network = checkpoint.clip_network.with_patches([patch])
    outputs = []
    for variant in (checkpoint.clip_network, network):
        with variant.loaded() as forward:
            vectors = forward.token_embeddings(torch.tensor([[1, 2, 3]]))
            outputs.append(forward(vectors, torch.tensor([2]), -1)[0])
    assert not torch.allclose(outputs[0], outputs[1])


def test_parts_without_a_place_are_listed(tmp_path: Path, checkpoint: Checkpoint) -> None:
    modules = {f"lora_unet_{CONV.replace('.', '_')}": (32, 32, 3, 3), "lora_unet_elsewhere": (4, 4)}
    lora = lora_of(tmp_path / "l.safetensors", lora_tensors(modules))
    patches = [lora.unet_patch(checkpoint.model.component, 1.0)]
    assert lora.unmatched(patches) == ["lora_unet_elsewhere"]
    extra = lora_tensors(modules) | {"lora_unet_x.diff_b": torch.ones(1)}
    lora = lora_of(tmp_path / "m.safetensors", extra)
    patches = [lora.unet_patch(checkpoint.model.component, 1.0)]
    assert lora.unmatched(patches) == ["lora_unet_elsewhere", "lora_unet_x.diff_b"]


def test_a_lora_of_another_width_is_one_clear_error(tmp_path: Path, checkpoint: Checkpoint) -> None:
    modules = {f"lora_unet_{ATTENTION.replace('.', '_')}_to_q": (64, 64)}
    lora = lora_of(tmp_path / "l.safetensors", lora_tensors(modules))
    patch = lora.unet_patch(checkpoint.model.component, 1.0)
    with pytest.raises(FileFormatError, match=r"another kind of model"):
        placed(checkpoint, f"{ATTENTION}.to_q.weight", patch)
    assert placed(checkpoint, f"{ATTENTION}.to_q.weight").shape == (32, 32)


def test_half_a_module_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="lacks one of its two factors"):
        lora_of(tmp_path / "l.safetensors", {"lora_unet_x.lora_down.weight": torch.ones(1, 1)})


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ({"a.lora_down.weight": (0, 4), "a.lora_up.weight": (4, 0)}, "do not fit"),
        ({"a.lora_down.weight": (2, 4), "a.lora_up.weight": (4, 3)}, "do not fit"),
        ({"a.lora_down.weight": (2,), "a.lora_up.weight": (2,)}, "do not fit"),
        ({"a.lora_down.weight": (2, 4), "a.lora_up.weight": (4, 2), "a.alpha": (2,)},
         "do not fit"),
        ({"a.lora_down.weight": (2, 4), "a.lora_up.weight": (4, 2), "a.dora_scale": (4, 1)},
         "uses DoRA"),
        ({"a.lora_down.weight": (2, 4), "a.lora_up.weight": (4, 2), "b.hada_w1_a": (4, 1)},
         "uses LoHa"),
    ],
    ids=["rank 0", "ranks differ", "vectors", "two alphas", "DoRA", "LoHa"],
)  # fmt: skip
def test_what_cannot_be_applied_is_named(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]], says: str
) -> None:
    with pytest.raises(FileFormatError, match=says):
        lora_of(tmp_path / "l.safetensors", {n: torch.ones(s) for n, s in tensors.items()})


def test_equal_patches_share_a_placed_network(tmp_path: Path, checkpoint: Checkpoint) -> None:
    modules = {f"lora_unet_{CONV.replace('.', '_')}": (32, 32, 3, 3)}
    lora_of(tmp_path / "l.safetensors", lora_tensors(modules))
    source = WeightFile(tmp_path / "l.safetensors")
    first, second = (
        Lora(source, "same").unet_patch(checkpoint.model.component, strength=0.5) for _ in range(2)
    )
    assert first == second
    assert hash(first) == hash(second)
    assert first != Lora(source, "same").unet_patch(checkpoint.model.component, strength=0.4)
