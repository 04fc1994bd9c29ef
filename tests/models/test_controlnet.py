"""ControlNets from file to sampled latent, with real (tiny) networks, against diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError, InvalidValueError
from engine.models.controlnet import ControlNet
from engine.models.families import control
from engine.models.library import ModelLibrary
from engine.models.reading import WeightFile
from engine.models.residency import Residency
from engine.sampling.ksampler import ksampler
from engine.sampling.noise import initial_noise
from engine.sampling.sigmas import table_of
from nodes.conditioning.controlnet_apply import control_net_apply, control_net_apply_advanced
from tests.checkpoints import SD15, TINY, Size, controlnet_shapes, random_weights, unet_shapes

EXACT: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}  # float32, summed in another order
CONTEXT = torch.randn((1, 77, 32), generator=torch.Generator().manual_seed(0))
PICTURE = torch.rand((1, 64, 64, 3), generator=torch.Generator().manual_seed(1))


def weights(size: Size = TINY) -> dict[str, torch.Tensor]:
    return dict(random_weights(controlnet_shapes(size), torch.float32, 7))


@pytest.fixture(scope="module")
def files(base: Path) -> Path:
    folder = base / "models" / "controlnet"
    folder.mkdir(exist_ok=True)
    save_file(weights(), folder / "bare.safetensors")
    within = {f"control_model.{name}": weight for name, weight in weights().items()}
    unet = dict(random_weights(unet_shapes(TINY), torch.float32, 0))
    within |= {f"model.diffusion_model.{name}": weight for name, weight in unet.items()}
    save_file(within, folder / "within.safetensors")
    save_file(reference(weights()).state_dict(), folder / "diffusers.safetensors")
    whole = dict(WeightFile(base / "models" / "checkpoints" / "fp16.safetensors"))
    whole |= {name: weight for name, weight in within.items() if name.startswith("control_model")}
    torch.save({"state_dict": whole}, folder / "whole.pth")
    save_file(weights(), folder / "v11e_shuffle_fp16.safetensors")
    return folder


@pytest.fixture
def network(library: ModelLibrary, files: Path) -> ControlNet:
    return library.controlnet("bare.safetensors")


def reference(ldm: dict[str, torch.Tensor]) -> Any:
    from diffusers import ControlNetModel
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    network = ControlNetModel(
        block_out_channels=TINY.unet_widths,
        layers_per_block=TINY.unet_blocks,
        down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
        cross_attention_dim=TINY.context,
    )
    config = {"layers_per_block": TINY.unet_blocks}
    network.load_state_dict(convert_controlnet_checkpoint(dict(ldm), config))
    return network.eval()


@pytest.mark.parity
@pytest.mark.parametrize(
    "name",
    ["bare.safetensors", "within.safetensors", "diffusers.safetensors", "whole.pth"],
)
def test_every_layout_matches_diffusers(library: ModelLibrary, files: Path, name: str) -> None:
    x, context = torch.randn(2, 4, 8, 8), torch.randn(2, 77, TINY.context)
    timestep, hint = torch.tensor([3.0, 801.0]), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        down, middle = reference(weights())(x, timestep, context, hint, return_dict=False)
    with library.controlnet(name).loaded((2, 4, 8, 8)) as network:
        found_down, found_middle = network(x, timestep, context, hint)
    assert len(found_down) == len(down) == 4
    for found, expected in zip(found_down, down, strict=True):
        torch.testing.assert_close(found, expected, **EXACT)
    torch.testing.assert_close(found_middle, middle, **EXACT)


def test_the_shuffle_network_takes_no_layout_from_its_picture(
    library: ModelLibrary, network: ControlNet, files: Path
) -> None:
    x, context = torch.randn(1, 4, 8, 8), torch.randn(1, 77, TINY.context)
    timestep, hint = torch.tensor([3.0]), torch.rand(1, 3, 64, 64)
    with network.loaded((1, 4, 8, 8)) as plain:
        down, middle = plain(x, timestep, context, hint)
    shuffle = library.controlnet("v11e_shuffle_fp16.safetensors")
    with shuffle.loaded((1, 4, 8, 8)) as pooled:
        pooled_down, pooled_middle = pooled(x, timestep, context, hint)
    for found, whole in zip((*pooled_down, pooled_middle), (*down, middle), strict=True):
        torch.testing.assert_close(found, whole.mean(dim=(2, 3), keepdim=True), **EXACT)

    steered = sampled(library, control_net_apply([[CONTEXT, {}]], shuffle, PICTURE, 1.0))
    assert not torch.allclose(steered, sampled(library, [[CONTEXT, {}]]), atol=1e-3)


@pytest.mark.parity
def test_names_of_the_true_shape_are_those_of_diffusers() -> None:
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    shapes = controlnet_shapes(SD15)
    shape = control.read_shape(shapes)
    found = control.network_names({name: name for name in shapes}, shape)
    expected = convert_controlnet_checkpoint({n: n for n in shapes}, {"layers_per_block": 2})
    assert found == expected
    built = control.build(shape, 8, None, pooled=False)
    assert (shape.downscale, shape.hint_widths) == (8, (16, 32, 96, 256))
    assert sum(p.numel() for p in built.parameters()) == 361_279_120  # the published count
    assert {name: tuple(p.shape) for name, p in built.named_parameters()} == {
        new: shapes[old] for new, old in found.items()
    }


@pytest.mark.parity
def test_a_run_matches_diffusers_called_directly(
    library: ModelLibrary, network: ControlNet
) -> None:
    """One Euler step from the largest sigma to 0 is the estimate x0 itself."""
    model = library.checkpoint("fp32.safetensors").model
    entry = control_net_apply([[CONTEXT, {}]], network, PICTURE, 0.7)
    found = sampled(library, entry, cfg=1.0, steps=1)

    noise, sigma = initial_noise(torch.zeros(2, 4, 8, 8), 3), table_of(model).sigma_max
    context, timestep = CONTEXT.expand(2, -1, -1), torch.tensor([999.0, 999.0])
    hint = PICTURE.movedim(-1, 1).expand(2, -1, -1, -1)
    with torch.no_grad(), model.loaded((2, 4, 8, 8)) as unet:
        down, middle = reference(weights())(
            noise, timestep, context, hint, conditioning_scale=0.7, return_dict=False
        )
        eps = unet._unet(  # type: ignore[attr-defined]
            noise,
            timestep,
            context,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample
    x = noise * (1 + sigma**2) ** 0.5
    expected = (x - sigma * eps) / model.latent_format.scale
    torch.testing.assert_close(found / sigma, expected / sigma, rtol=1e-5, atol=1e-4)


def sampled(
    library: ModelLibrary,
    positive: list[Any],
    negative: list[Any] | None = None,
    *,
    cfg: float = 2.0,
    steps: int = 2,
    cells: tuple[int, int] = (8, 8),
) -> torch.Tensor:
    return ksampler(
        library.checkpoint("fp32.safetensors").model,
        seed=3,
        steps=steps,
        cfg=cfg,
        sampler_name="euler",
        scheduler="normal",
        positive=positive,
        negative=[[CONTEXT * 0.5, {}]] if negative is None else negative,
        latent={"samples": torch.zeros(2, 4, *cells)},
    )["samples"]


def test_the_picture_steers_the_run_and_the_weights_stay_without_it(
    library: ModelLibrary, network: ControlNet
) -> None:
    before = sampled(library, [[CONTEXT, {}]])
    steered = [
        sampled(library, control_net_apply([[CONTEXT, {}]], network, image, 1.0))
        for image in (PICTURE, 1 - PICTURE)
    ]

    assert not torch.allclose(before, steered[0], atol=1e-2)
    assert not torch.allclose(steered[0], steered[1], atol=1e-4)
    assert steered[0].isfinite().all()
    assert torch.equal(sampled(library, [[CONTEXT, {}]]), before)


@pytest.mark.parametrize(
    ("strength", "start", "end"), [(0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)]
)
def test_without_strength_or_outside_its_range_nothing_changes(
    library: ModelLibrary, network: ControlNet, strength: float, start: float, end: float
) -> None:
    plain: list[Any] = [[CONTEXT, {}]]
    both = control_net_apply_advanced(plain, plain, network, PICTURE, strength, start, end)

    assert torch.equal(
        sampled(library, both.positive, both.negative), sampled(library, plain, plain)
    )


def test_a_hint_of_another_size_is_cut_to_the_latent(
    library: ModelLibrary, network: ControlNet
) -> None:
    wide = torch.zeros(1, 64, 128, 3)
    wide[:, :, 32:96] = PICTURE
    found = [
        sampled(library, control_net_apply([[CONTEXT, {}]], network, image, 1.0), cells=(8, 8))
        for image in (PICTURE, wide, torch.cat([PICTURE, torch.ones(1, 64, 64, 1)], -1))
    ]

    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])  # alpha is left out
    odd = control_net_apply([[CONTEXT, {}]], network, torch.rand(1, 37, 20, 3), 1.0)
    for cells in ((6, 10), (5, 7)):  # odd sides are rounded on the way down
        assert sampled(library, odd, cells=cells).shape == (2, 4, *cells)


def test_its_weights_are_in_place_beside_the_unet_for_the_run(
    library: ModelLibrary, network: ControlNet, residency: Residency
) -> None:
    sampled(library, control_net_apply([[CONTEXT, {}]], network, PICTURE, 1.0))
    chained = network.with_hint(PICTURE, 1.0, 0.0, 1.0).with_previous(
        network.with_hint(1 - PICTURE, 1.0, 0.0, 1.0)
    )

    assert len(residency.held(network.component)) == 1
    assert len(list(chained.held_tensors())) == 4  # weights and picture, twice


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["x.lora_down.weight"], "looks like a LoRA"),
        (["lora_controlnet", "input_hint_block.0.weight"], "looks like a Control-LoRA"),
        (["difference", "control_model.input_hint_block.0.weight"], "stored as a difference"),
        (["input_hint_block.0.weight", "label_emb.0.0.weight"], "a ControlNet for SDXL"),
        (["adapter.body.0.resnets.0.block1.weight"], "a T2I-Adapter"),
        (["something"], "of no known kind"),
        (["input_hint_block.0.weight"], "its ControlNet lacks the weight"),
        (["controlnet_cond_embedding.conv_in.weight"], "its ControlNet lacks the weight"),
    ],
)
def test_a_wrong_file_is_named(
    library: ModelLibrary, files: Path, names: list[str], says: str
) -> None:
    save_file({name: torch.ones(4, 4, 3, 3) for name in names}, files / "wrong.safetensors")
    with pytest.raises(FileFormatError, match=says) as caught:
        library.controlnet("wrong.safetensors")
    assert "wrong.safetensors" in str(caught.value)


def test_a_controlnet_is_no_checkpoint_and_says_so(
    library: ModelLibrary, checkpoints: Path, files: Path
) -> None:
    (checkpoints / "control.safetensors").write_bytes((files / "bare.safetensors").read_bytes())
    with pytest.raises(FileFormatError, match="Load it with ControlNetLoader"):
        library.checkpoint("control.safetensors")
    (checkpoints / "control.safetensors").unlink()


def test_one_for_another_kind_of_model_is_refused(library: ModelLibrary, files: Path) -> None:
    save_file(weights(Size(context=48)), files / "other.safetensors")
    other = library.controlnet("other.safetensors")
    with pytest.raises(InvalidValueError, match="Use a ControlNet made for this kind of model"):
        sampled(library, control_net_apply([[CONTEXT, {}]], other, PICTURE, 1.0))


def test_packs_set_hint_and_chain_on_a_copy(network: ControlNet) -> None:
    first = network.copy().set_cond_hint(PICTURE.movedim(-1, 1), 0.5, (0.1, 0.9))
    second = network.copy()
    second.set_cond_hint(PICTURE.movedim(-1, 1), 0.5, (0.1, 0.9), vae=None, extra_concat=[])
    second.set_previous_controlnet(first)

    assert (first.strength, first.start_percent, first.end_percent) == (0.5, 0.1, 0.9)
    assert second.previous is first
    assert network.hint is None
    with pytest.raises(InvalidValueError, match="3 channels"):
        network.copy().set_cond_hint(PICTURE)
    with pytest.raises(InvalidValueError, match="extra_concat"):
        second.copy().set_cond_hint(PICTURE.movedim(-1, 1), extra_concat=[PICTURE])
