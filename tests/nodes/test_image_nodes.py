"""What the image nodes make, and that they leave their inputs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from engine.errors import InvalidValueError
from engine.types import NodeResult
from nodes.image.canny import canny
from nodes.image.empty_image import empty_image
from nodes.image.get_image_size import get_image_size
from nodes.image.image_add_noise import image_add_noise
from nodes.image.image_alpha import (
    join_image_with_alpha,
    porter_duff_image_composite,
    split_image_with_alpha,
)
from nodes.image.image_batch import image_batch
from nodes.image.image_batch_parts import image_from_batch, rebatch_images, repeat_image_batch
from nodes.image.image_blend import image_blend
from nodes.image.image_composite_masked import image_composite_masked
from nodes.image.image_crop import image_crop
from nodes.image.image_filters import image_blur, image_sharpen
from nodes.image.image_invert import image_invert
from nodes.image.image_pad_for_outpaint import image_pad_for_outpaint
from nodes.image.image_quantize import image_quantize
from nodes.image.image_scale import (
    image_scale,
    image_scale_by,
    image_scale_to_max_dimension,
    image_scale_to_total_pixels,
)
from nodes.image.image_stitch import image_stitch
from nodes.image.image_turn import image_flip, image_rotate
from nodes.image.image_yuv import image_rgb_to_yuv, image_yuv_to_rgb
from nodes.image.morphology import morphology
from nodes.image.resize_and_pad_image import resize_and_pad_image


def noise(*shape: int, seed: int = 4) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


NODES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "scale": (image_scale, {"upscale_method": "lanczos", "width": 5, "height": 9}),
    "scale by": (image_scale_by, {"upscale_method": "bicubic", "scale_by": 1.7}),
    "total": (image_scale_to_total_pixels, {"upscale_method": "area", "megapixels": 0.01}),
    "largest": (image_scale_to_max_dimension, {"upscale_method": "area", "largest_size": 5}),
    "invert": (image_invert, {}),
    "batch": (image_batch, {"image2": noise(1, 4, 9, 4)}),
    "pad": (image_pad_for_outpaint, {"left": 8, "bottom": 16, "feathering": 2}),
    "composite": (image_composite_masked, {"source": noise(1, 4, 4, 4), "x": 5, "y": 3}),
    "crop": (image_crop, {"width": 3, "height": 100, "x": 2, "y": 1}),
    "rotate": (image_rotate, {"rotation": "90 degrees"}),
    "flip": (image_flip, {"flip_method": "x-axis: vertically"}),
    "stitch": (image_stitch, {"image2": noise(1, 3, 9, 3), "spacing_width": 4}),
    "frame": (resize_and_pad_image, {"target_width": 9, "target_height": 9}),
    "blend": (image_blend, {"image2": noise(1, 3, 9, 3), "blend_mode": "soft_light"}),
    "blur": (image_blur, {"blur_radius": 3}),
    "sharpen": (image_sharpen, {}),
    "quantise": (image_quantize, {"colors": 4, "dither": "bayer-4"}),
    "noise": (image_add_noise, {"seed": 2**64 - 1}),
    "repeat": (repeat_image_batch, {"amount": 3}),
    "pick": (image_from_batch, {"batch_index": 1}),
    "yuv": (image_rgb_to_yuv, {}),
    "split": (split_image_with_alpha, {}),
    "join": (join_image_with_alpha, {"alpha": noise(1, 4, 4)}),
    "morph": (morphology, {"operation": "close", "kernel_size": 5}),
    "canny": (canny, {}),
}


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("channels", [3, 4])
def test_nodes_give_images_in_range_and_leave_their_inputs_alone(name: str, channels: int) -> None:
    function, others = NODES[name]
    image = noise(2, 8, 8, channels)
    first = {"batch": "image1", "stitch": "image1", "blend": "image1", "composite": "destination"}
    inputs = {first.get(name, "image"): image, **others}
    before = {key: v.clone() if isinstance(v, torch.Tensor) else v for key, v in inputs.items()}
    found = function(**inputs)
    for output in found if isinstance(found, tuple) else (found,):
        assert output.dtype == torch.float32
        assert output.ndim in (3, 4)
        assert output.min() >= 0.0
        assert output.max() <= 1.0
    for key, value in before.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(inputs[key], value), key


@pytest.mark.parametrize("name", NODES)
def test_what_is_no_image_is_refused(name: str) -> None:
    function, others = NODES[name]
    first = {"batch": "image1", "stitch": "image1", "blend": "image1", "composite": "destination"}
    with pytest.raises(InvalidValueError, match="batch, height, width, channels"):
        function(**{first.get(name, "image"): torch.zeros(8, 8, 3), **others})


def test_scaling_by_names_of_sides() -> None:
    image = noise(1, 20, 40, 3)
    assert image_scale(image, "area", 10, 0).shape == (1, 5, 10, 3)
    assert image_scale(image, "area", 0, 0) is image
    assert image_scale_by(image, "area", 0.25).shape == (1, 5, 10, 3)
    assert image_scale_by(image, "area", 0.01).shape == (1, 1, 1, 3)
    assert image_scale_to_max_dimension(image, "area", 10).shape == (1, 5, 10, 3)
    assert image_scale_to_max_dimension(image.transpose(1, 2), "area", 10).shape == (1, 10, 5, 3)
    height, width = image_scale_to_total_pixels(image, "bilinear", 0.05).shape[1:3]
    assert height * width == pytest.approx(0.05 * 1024 * 1024, rel=0.01)
    assert width / height == pytest.approx(2, rel=0.01)


def test_inverting_twice_gives_the_image_back_and_keeps_alpha() -> None:
    image = noise(1, 3, 3, 4)
    assert torch.allclose(image_invert(image_invert(image)), image)
    assert torch.equal(image_invert(image)[..., 3], image[..., 3])


def test_batches_take_the_size_of_the_first() -> None:
    found = image_batch(noise(2, 8, 8, 3), noise(3, 4, 16, 3))
    assert found.shape == (5, 8, 8, 3)


def test_outpainting_asks_for_the_border_and_fades_into_the_picture() -> None:
    image = noise(1, 16, 16, 3)
    padded = image_pad_for_outpaint(image, left=8, feathering=4)
    assert padded.image.shape == (1, 16, 24, 3)
    assert (padded.image[:, :, :8] == 0.5).all()
    assert torch.equal(padded.image[:, :, 8:], image)
    assert padded.mask.shape == (1, 16, 24)
    row = padded.mask[0, 5].tolist()
    assert row == [1.0] * 8 + [1.0, 0.5625, 0.25, 0.0625] + [0.0] * 12


def test_outpainting_without_room_for_the_fade_has_a_hard_edge() -> None:
    mask = image_pad_for_outpaint(noise(1, 8, 8, 3), top=8, feathering=4).mask
    assert mask[0, :, 0].tolist() == [1.0] * 8 + [0.0] * 8


def test_an_empty_image_has_the_colour_asked_for() -> None:
    found = empty_image(3, 2, 4, 0xFF8000)
    assert found.shape == (4, 2, 3, 3)
    assert torch.allclose(found[3, 1, 2] * 255, torch.tensor([255.0, 128.0, 0.0]))


def test_compositing_shows_the_source_where_the_mask_is_one() -> None:
    black, white = torch.zeros(2, 4, 4, 3), torch.ones(1, 2, 2, 3)
    found = image_composite_masked(
        black, white, 1, 1, mask=torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    )
    assert found[1, :, :, 0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0.5, 0, 0], [0, 0, 0, 0]]
    assert (image_composite_masked(black, white, resize_source=True) == 1).all()


def test_cropping_outside_the_image_is_explained() -> None:
    with pytest.raises(InvalidValueError, match=r'input "x": expected 0 to 7.*got 8'):
        image_crop(noise(1, 8, 8, 3), 4, 4, 8, 0)


def test_rotation_is_clockwise_and_flips_are_named_by_their_axis() -> None:
    image = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1) / 4
    turned = image_rotate(image, "90 degrees")[0, ..., 0] * 4
    assert turned.tolist() == [[3, 1], [4, 2]]
    assert torch.equal(image_rotate(image, "none"), image)
    assert (image_flip(image, "x-axis: vertically")[0, ..., 0] * 4).tolist() == [[3, 4], [1, 2]]
    assert (image_flip(image, "y-axis: horizontally")[0, ..., 0] * 4).tolist() == [[2, 1], [4, 3]]


def test_stitching_matches_the_touching_sides() -> None:
    first, second = torch.zeros(1, 4, 4, 3), torch.ones(1, 2, 4, 3)
    beside = image_stitch(first, "right", True, 2, "blue", second)
    assert beside.shape == (1, 4, 4 + 2 + 8, 3)
    assert beside[0, 0, 3:7].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1], [1, 1, 1]]
    above = image_stitch(first, "up", True, 2, "red", second)
    assert above.shape == (1, 2 + 2 + 4, 4, 3)
    assert above[0, 1:5, 0].tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_stitching_without_matching_centres_the_shorter_side() -> None:
    found = image_stitch(
        torch.ones(1, 4, 2, 3), match_image_size=False, image2=torch.ones(1, 2, 2, 3)
    )
    assert found[0, :, 3, 0].tolist() == [0, 1, 1, 0]
    image = noise(1, 2, 2, 3)
    assert image_stitch(image) is image


def test_a_frame_keeps_the_aspect_ratio() -> None:
    found = resize_and_pad_image(torch.zeros(1, 4, 8, 3), 8, 8, "white", "area")
    assert found[0, :, 0, 0].tolist() == [1, 1, 0, 0, 0, 0, 1, 1]


def test_blending_by_nothing_shows_the_lower_layer() -> None:
    image = noise(1, 4, 4, 3)
    assert torch.equal(image_blend(image, noise(1, 4, 4, 3, seed=5), 0.0, "screen"), image)
    assert torch.allclose(image_blend(image, image, 1.0, "difference"), torch.zeros(1))


def test_noise_depends_on_the_seed_alone() -> None:
    image = torch.full((1, 8, 8, 3), 0.5)
    assert torch.equal(image_add_noise(image, 7), image_add_noise(image, 7))
    assert not torch.equal(image_add_noise(image, 7), image_add_noise(image, 8))
    assert torch.equal(image_add_noise(image, 7, 0.0), image)


def test_picking_from_a_batch() -> None:
    image = noise(4, 2, 2, 3)
    assert torch.equal(image_from_batch(image, 1, 2), image[1:3])
    assert image_from_batch(image, 3, 9).shape[0] == 1
    with pytest.raises(InvalidValueError, match="0 to 3"):
        image_from_batch(image, 4)


def test_rebatching_keeps_the_order() -> None:
    images = noise(5, 2, 2, 3)
    found = rebatch_images([images[:3], images[3:]], [2])
    assert [batch.shape[0] for batch in found] == [2, 2, 1]
    assert torch.equal(torch.cat(found), images)
    with pytest.raises(InvalidValueError, match=r"\(3, 2, 3\).*one size"):
        rebatch_images([images, noise(1, 3, 2, 3)], [2])


def test_the_size_is_returned_and_shown() -> None:
    found = get_image_size(noise(2, 3, 5, 3))
    assert isinstance(found, NodeResult)
    assert found.values == (5, 3, 2)
    assert found.ui == {"text": ["width: 5, height: 3\nbatch size: 2"]}


def test_yuv_there_and_back_is_the_image() -> None:
    image = noise(1, 6, 6, 3)
    y, u, v = image_rgb_to_yuv(image)
    assert torch.allclose(image_yuv_to_rgb(y, u, v), image, atol=1e-5)
    grey = image_rgb_to_yuv(torch.full((1, 2, 2, 3), 0.3))
    assert torch.allclose(grey.u, torch.tensor(0.5))
    red = image_rgb_to_yuv(torch.tensor([1.0, 0.0, 0.0]).reshape(1, 1, 1, 3))
    assert [red.y.max().item(), red.v.max().item()] == pytest.approx([0.299, 1.0])


def test_alpha_out_and_in_again() -> None:
    rgba = noise(2, 4, 4, 4)
    image, mask = split_image_with_alpha(rgba)
    assert torch.equal(mask, 1 - rgba[..., 3])
    assert torch.allclose(join_image_with_alpha(image, mask), rgba)
    assert not split_image_with_alpha(image).mask.any()


def test_source_over_destination() -> None:
    white, black = torch.ones(1, 2, 2, 3), torch.zeros(1, 4, 4, 3)
    half = torch.full((1, 2, 2), 0.5)
    image, mask = porter_duff_image_composite(white, half, black, torch.zeros(1, 4, 4), "SRC_OVER")
    assert torch.allclose(image, torch.full((1, 4, 4, 3), 0.5))
    assert not mask.any()
    clear = porter_duff_image_composite(white, half, black, torch.zeros(1, 4, 4), "CLEAR")
    assert clear.image.isfinite().all()
    assert (clear.mask == 1).all()
