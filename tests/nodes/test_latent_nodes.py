"""What the latent nodes make, and that masks and seeds follow their samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError, InvalidValueError
from engine.imaging.metadata import read_metadata
from engine.types import LatentDict
from nodes.latent.empty_latent_image import empty_latent_image
from nodes.latent.latent_batch import (
    latent_batch,
    latent_batch_seed_behavior,
    latent_from_batch,
    rebatch_latents,
    repeat_latent_batch,
)
from nodes.latent.latent_composite import latent_composite, latent_composite_masked
from nodes.latent.latent_files import load_latent, save_latent
from nodes.latent.latent_join_and_cut import latent_concat, latent_cut
from nodes.latent.latent_math import (
    latent_add,
    latent_blend,
    latent_interpolate,
    latent_multiply,
    latent_subtract,
)
from nodes.latent.latent_transform import latent_crop, latent_flip, latent_rotate
from nodes.latent.latent_upscale import latent_upscale, latent_upscale_by
from nodes.latent.set_latent_noise_mask import set_latent_noise_mask
from tests.nodes.picture_host import PictureContext


def latent(*shape: int, seed: int = 6) -> LatentDict:
    return {"samples": torch.randn(shape, generator=torch.Generator().manual_seed(seed))}


def masked(*shape: int) -> LatentDict:
    """A latent whose noise mask asks for the left half."""
    result = latent(*shape)
    mask = torch.zeros(shape[0], 1, shape[2] * 8, shape[3] * 8)
    mask[..., : shape[3] * 4] = 1.0
    result["noise_mask"] = mask
    return result


def test_an_empty_latent_has_a_cell_per_eight_pixels() -> None:
    samples = empty_latent_image(512, 256, 2)["samples"]
    assert samples.shape == (2, 4, 32, 64)
    assert not samples.any()


def test_upscaling_takes_pixels() -> None:
    source = latent(1, 4, 8, 16)
    assert latent_upscale(source, "bislerp", 256, 128)["samples"].shape == (1, 4, 16, 32)
    assert latent_upscale(source, "area", 0, 128)["samples"].shape == (1, 4, 16, 32)
    assert latent_upscale(source, "area", 8, 8)["samples"].shape == (1, 4, 8, 8)
    assert latent_upscale(source, "area", 0, 0) is source
    assert latent_upscale_by(source, "bilinear", 1.5)["samples"].shape == (1, 4, 12, 24)


def test_a_mask_is_cropped_with_its_latent() -> None:
    source = masked(1, 4, 8, 16)
    assert latent_upscale(source, "area", 64, 64)["noise_mask"] is source["noise_mask"]
    found = latent_upscale(source, "area", 64, 64, "center")
    assert found["samples"].shape == (1, 4, 8, 8)
    mask = found["noise_mask"]
    assert mask.shape[-1] == mask.shape[-2]
    assert mask[..., : mask.shape[-1] // 2].all()
    assert not mask[..., mask.shape[-1] // 2 :].any()


def test_pasting_with_a_fade_on_the_inner_edges_only() -> None:
    below: LatentDict = {"samples": torch.zeros(2, 4, 8, 8)}
    above: LatentDict = {"samples": torch.ones(1, 4, 4, 4)}
    hard = latent_composite(below, above, 32, 0)["samples"]
    assert hard[1, 0, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    soft = latent_composite(below, above, 32, 0, 16)["samples"]
    assert soft[1, 0, 0].tolist() == [0, 0, 0, 0, 0.5, 1, 1, 1]
    assert soft[1, 0, :, 6].tolist() == [1, 1, 1, 0.5, 0, 0, 0, 0]
    assert not below["samples"].any()


def test_pasting_through_a_mask() -> None:
    below: LatentDict = {"samples": torch.zeros(1, 4, 4, 4)}
    above: LatentDict = {"samples": torch.ones(1, 4, 2, 2)}
    mask = torch.zeros(1, 16, 16)
    mask[..., :8] = 1.0
    found = latent_composite_masked(below, above, 8, 8, mask=mask)["samples"]
    assert found[0, 0, 1].tolist() == [0, 1, 0, 0]
    assert (latent_composite_masked(below, above, resize_source=True)["samples"] == 1).all()
    with pytest.raises(InvalidValueError, match=r'input "source".*4 channels'):
        latent_composite_masked(below, latent(1, 16, 2, 2))


def test_a_noise_mask_is_set_on_a_copy() -> None:
    source = latent(1, 4, 8, 8)
    found = set_latent_noise_mask(source, torch.ones(64, 64))
    assert found["noise_mask"].shape == (1, 1, 64, 64)
    assert "noise_mask" not in source


def test_picking_keeps_mask_and_noise() -> None:
    source = masked(4, 4, 8, 8)
    source["noise_mask"] = source["noise_mask"] * torch.arange(4).reshape(4, 1, 1, 1) / 4
    found = latent_from_batch(source, 2, 9)
    assert torch.equal(found["samples"], source["samples"][2:])
    assert torch.equal(found["noise_mask"], source["noise_mask"][2:])
    assert found["batch_index"] == [2, 3]
    again = latent_from_batch(found, 1)
    assert again["batch_index"] == [3]
    with pytest.raises(InvalidValueError, match="0 to 3"):
        latent_from_batch(source, 4)


def test_repeating_gives_every_copy_its_own_noise() -> None:
    source = latent_from_batch(masked(4, 4, 8, 8), 1, 2)
    found = repeat_latent_batch(source, 3)
    assert found["samples"].shape[0] == found["noise_mask"].shape[0] == 6
    assert found["batch_index"] == [1, 2, 3, 4, 5, 6]
    assert "batch_index" not in repeat_latent_batch(latent(1, 4, 8, 8), 3)


def test_joining_fits_the_second_and_its_mask() -> None:
    found = latent_batch(masked(2, 4, 8, 8), latent(1, 4, 16, 16))
    assert found["samples"].shape == (3, 4, 8, 8)
    assert found["noise_mask"].shape == (3, 1, 64, 64)
    assert (found["noise_mask"][2] == 1).all()
    assert found["batch_index"] == [0, 1, 0]


def test_rebatching_starts_anew_where_the_size_changes() -> None:
    found = rebatch_latents([latent(3, 4, 8, 8), latent(2, 4, 8, 8), latent(1, 4, 4, 4)], [2])
    assert [batch["samples"].shape[0] for batch in found] == [2, 2, 1, 1]
    assert found[1]["batch_index"] == [2, 0]


def test_a_fixed_seed_behaviour_shares_the_noise() -> None:
    source = latent(3, 4, 8, 8)
    fixed = latent_batch_seed_behavior(source, "fixed")
    assert fixed["batch_index"] == [0, 0, 0]
    assert "batch_index" not in latent_batch_seed_behavior(fixed, "random")
    assert "batch_index" not in source


def test_turning_and_mirroring_take_the_mask_along() -> None:
    source = masked(1, 4, 4, 8)
    turned = latent_rotate(source, "90 degrees")
    assert turned["samples"].shape == (1, 4, 8, 4)
    assert torch.equal(turned["samples"][0, 0, 0], source["samples"][0, 0, :, 0].flip(0))
    assert turned["noise_mask"][0, 0, :32].all()
    assert not turned["noise_mask"][0, 0, 32:].any()
    mirrored = latent_flip(source, "y-axis: horizontally")
    assert torch.equal(mirrored["samples"], source["samples"].flip(-1))
    assert torch.equal(mirrored["noise_mask"], source["noise_mask"].flip(-1))


def test_cropping_takes_the_mask_along() -> None:
    source = masked(1, 4, 16, 16)
    found = latent_crop(source, 64, 64, 32, 8)
    assert torch.equal(found["samples"], source["samples"][..., 1:9, 4:12])
    assert torch.equal(found["noise_mask"], source["noise_mask"][..., 8:72, 32:96])
    with pytest.raises(InvalidValueError, match=r'input "x".*0 to 120.*128'):
        latent_crop(source, 64, 64, 128, 0)


def test_sums_fit_the_second_to_the_first() -> None:
    first, second = latent(2, 4, 8, 8), latent(1, 4, 8, 8, seed=7)
    total = latent_add(first, second)
    assert torch.allclose(latent_subtract(total, second)["samples"], first["samples"], atol=1e-6)
    assert torch.equal(latent_multiply(first, -2.0)["samples"], first["samples"] * -2)
    assert latent_add(first, latent(1, 4, 3, 5))["samples"].shape == (2, 4, 8, 8)
    with pytest.raises(InvalidValueError, match='input "samples2"'):
        latent_add(first, latent(1, 16, 8, 8))


def test_interpolation_keeps_the_contrast() -> None:
    first, second = latent(1, 4, 32, 32), latent(1, 4, 32, 32, seed=7)
    assert torch.allclose(
        latent_interpolate(first, second, 1.0)["samples"], first["samples"], atol=1e-5
    )
    assert torch.allclose(
        latent_interpolate(first, second, 0.0)["samples"], second["samples"], atol=1e-5
    )
    half = latent_interpolate(first, second, 0.5)["samples"].norm(dim=1)
    lengths = (first["samples"].norm(dim=1) + second["samples"].norm(dim=1)) / 2
    assert torch.allclose(half, lengths, atol=1e-4)
    zero: LatentDict = {"samples": torch.zeros(1, 4, 32, 32)}
    assert not latent_interpolate(zero, zero, 0.5)["samples"].any()


def test_blending_is_linear() -> None:
    first, second = latent(1, 4, 8, 8), latent(1, 4, 8, 8, seed=7)
    found = latent_blend(first, second, 0.25)["samples"]
    expected = 0.25 * first["samples"] + 0.75 * second["samples"]
    assert torch.allclose(found, expected, atol=1e-6)


def test_joining_side_by_side_and_cutting_apart() -> None:
    first, second = latent(1, 4, 8, 8), latent(1, 4, 8, 6, seed=7)
    right = latent_concat(first, second, "x")
    left = latent_concat(first, second, "-x")
    assert torch.equal(latent_cut(right, "x", 8, 99)["samples"], second["samples"])
    assert torch.equal(latent_cut(left, "x", -8, 8)["samples"], first["samples"])
    with pytest.raises(InvalidValueError, match='input "samples2"'):
        latent_concat(first, second, "y")
    with pytest.raises(InvalidValueError, match="time axis"):
        latent_cut(first, "t")
    with pytest.raises(InvalidValueError, match='input "index"'):
        latent_cut(first, "y", 8)
    video = latent(1, 4, 3, 8, 8)
    assert latent_concat(video, video, "t")["samples"].shape == (1, 4, 6, 8, 8)


def test_what_is_no_latent_is_refused() -> None:
    flat: LatentDict = {"samples": torch.zeros(4, 8, 8)}
    with pytest.raises(InvalidValueError, match=r'input "samples".*\(4, 8, 8\)'):
        latent_flip(flat, "x-axis: vertically")


async def test_a_saved_latent_comes_back_with_its_workflow(tmp_path: Path) -> None:
    context = PictureContext(tmp_path, {"1": {}}, {"workflow": {"nodes": []}})
    source = latent(2, 4, 8, 8)
    ui = await save_latent(source, context)
    assert ui["latents"] == [
        {"filename": "ComfyUI_00001_.latent", "subfolder": "latents", "type": "output"}
    ]
    path = tmp_path / "output" / "latents" / "ComfyUI_00001_.latent"
    assert read_metadata(path) == {"workflow": '{"nodes": []}', "prompt": '{"1": {}}'}
    found = load_latent("latents/ComfyUI_00001_.latent [output]", context)
    assert torch.equal(found["samples"], source["samples"])


def test_old_latent_files_are_unscaled(tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    save_file({"latent_tensor": torch.full((1, 4, 2, 2), 0.18215)}, tmp_path / "input" / "a.latent")
    assert torch.allclose(load_latent("a.latent", context)["samples"], torch.tensor(1.0))


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 64])
def test_damaged_latent_files_give_one_clear_error(tmp_path: Path, content: bytes) -> None:
    context = PictureContext(tmp_path)
    (tmp_path / "input" / "a.latent").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"a\.latent"):
        load_latent("a.latent", context)
    save_file({"other": torch.zeros(1)}, tmp_path / "input" / "b.latent")
    with pytest.raises(FileFormatError, match="latent_tensor"):
        load_latent("b.latent", context)
