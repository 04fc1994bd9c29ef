"""Filters against their definitions, written out plainly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from engine.errors import InvalidValueError, UnknownNameError
from engine.imaging.batch import repeat_to_batch, same_channels, with_channels
from engine.imaging.blending import BLEND_MODES, PORTER_DUFF_MODES, Layer, blend, porter_duff
from engine.imaging.checks import check_image, check_latent, check_mask
from engine.imaging.composite import composite, ramps
from engine.imaging.edges import canny
from engine.imaging.filters import gaussian_blur, sharpen
from engine.imaging.morphology import (
    dilate_diamond,
    dilate_square,
    erode_square,
    morph,
)
from engine.imaging.quantize import bayer_matrix, quantize
from engine.imaging.window import cut


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(2))


def plain_neighbourhood(image: torch.Tensor, size: int, largest: bool) -> torch.Tensor:
    height, width = image.shape
    result = torch.empty_like(image)
    reach = size // 2
    for y in range(height):
        for x in range(width):
            part = image[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
            result[y, x] = part.max() if largest else part.min()
    return result


@pytest.mark.parametrize("size", [1, 3, 5, 9, 31])
def test_dilation_and_erosion_take_extremes_of_the_square(size: int) -> None:
    image = noise(7, 9)
    assert torch.equal(dilate_square(image, size), plain_neighbourhood(image, size, True))
    assert torch.equal(erode_square(image, size), plain_neighbourhood(image, size, False))


@given(st.integers(1, 12))
def test_opening_never_brightens_and_closing_never_darkens(size: int) -> None:
    image = noise(1, 3, 8, 8)
    assert (morph(image, "open", size) <= image).all()
    assert (morph(image, "close", size) >= image).all()
    assert (morph(image, "gradient", size) >= 0).all()


def test_hats_show_what_opening_and_closing_remove() -> None:
    image = torch.zeros(1, 1, 7, 7)
    image[..., 3, 3] = 1.0
    assert torch.equal(morph(image, "top_hat", 3), image)
    assert torch.equal(morph(1 - image, "bottom_hat", 3), image)


@pytest.mark.parametrize("steps", [0, 1, 2, 50])
def test_a_diamond_grows_by_city_blocks(steps: int) -> None:
    point = torch.zeros(9, 9)
    point[4, 4] = 1.0
    rows, columns = torch.meshgrid(torch.arange(9), torch.arange(9), indexing="ij")
    expected = ((rows - 4).abs() + (columns - 4).abs() <= steps).float()
    assert torch.equal(dilate_diamond(point, steps), expected)


def test_blur_is_the_product_of_two_gaussians() -> None:
    image = noise(1, 2, 9, 8)
    taps = torch.exp(-(torch.arange(-2.0, 3.0) ** 2) / (2 * 1.5**2))
    kernel = torch.outer(taps, taps)
    kernel = (kernel / kernel.sum()).expand(2, 1, 5, 5)
    expected = functional.conv2d(functional.pad(image, (2, 2, 2, 2), "reflect"), kernel, groups=2)
    assert torch.allclose(gaussian_blur(image, 2, 1.5), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 3)])
def test_blur_wider_than_the_picture_keeps_a_flat_one(size: tuple[int, int]) -> None:
    flat = torch.full((1, 3, *size), 0.3)
    assert torch.allclose(gaussian_blur(flat, 31, 10.0), flat, atol=1e-6)


def test_sharpening_by_nothing_changes_nothing() -> None:
    image = noise(1, 3, 6, 6)
    assert torch.equal(sharpen(image, 2, 1.0, 0.0), image)


def test_canny_draws_a_thin_line_at_a_step() -> None:
    image = torch.zeros(1, 16, 16, 3)
    image[:, :, 8:] = 1.0
    edges = canny(image, 0.4, 0.8)
    assert set(edges.flatten().tolist()) == {0.0, 1.0}
    assert edges.sum(dim=2).flatten().tolist() == [1.0] * 16
    assert edges[0, :, 7:9].any(dim=1).all()
    assert canny(image, 0.4, 2.5).any()
    assert not canny(image, 0.4, 2.7).any()


def test_canny_follows_weak_edges_from_strong_ones_only() -> None:
    image = torch.zeros(1, 40, 24, 3)
    image[:, :, 12:] = torch.linspace(0.1, 1.0, 40).reshape(1, 40, 1, 1)
    faint = torch.zeros(1, 40, 24, 3)
    faint[:, :, 12:] = 0.2
    assert canny(image, 0.3, 0.9)[0, 6:].any(dim=1).all()
    assert not canny(faint, 0.3, 0.9).any()


@given(st.sampled_from(sorted(BLEND_MODES)))
def test_blend_modes_stay_in_range(mode: str) -> None:
    grid = torch.linspace(0, 1, 21)
    found = blend(grid[:, None].expand(21, 21), grid[None, :].expand(21, 21), mode)
    assert found.min() >= -1e-6
    assert found.max() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", 0.5),
        ("multiply", 0.1),
        ("screen", 0.6),
        ("overlay", 0.2),
        ("soft_light", 0.2),
        ("difference", 0.3),
    ],
)
def test_blend_modes_by_hand(mode: str, expected: float) -> None:
    found = blend(torch.tensor(0.2), torch.tensor(0.5), mode)
    assert found.item() == pytest.approx(expected)


def test_unknown_modes_are_explained() -> None:
    with pytest.raises(UnknownNameError, match='"screen"'):
        blend(torch.zeros(1), torch.zeros(1), "scren")
    layer = Layer(torch.zeros(1), torch.zeros(1))
    with pytest.raises(UnknownNameError, match='"SRC_OVER"'):
        porter_duff(layer, layer, "SRCOVER")


@pytest.mark.parametrize("mode", sorted(PORTER_DUFF_MODES))
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_composited_colour_never_exceeds_alpha(
    mode: str, colour_s: float, alpha_s: float, colour_d: float, alpha_d: float
) -> None:
    source = Layer(torch.tensor([colour_s * alpha_s]), torch.tensor([alpha_s]))
    destination = Layer(torch.tensor([colour_d * alpha_d]), torch.tensor([alpha_d]))
    colour, alpha = porter_duff(source, destination, mode)
    assert -1e-6 <= alpha.item() <= 1 + 1e-6
    assert -1e-6 <= colour.item() <= alpha.item() + 1e-5


@pytest.mark.parametrize(
    ("mode", "colour", "alpha"),
    [
        ("SRC_OVER", 0.4 + 0.5 * 0.1, 0.75),
        ("DST_OVER", 0.1 + 0.5 * 0.4, 0.75),
        ("SRC_IN", 0.2, 0.25),
        ("XOR", 0.5 * 0.4 + 0.5 * 0.1, 0.5),
        ("CLEAR", 0.0, 0.0),
        ("SCREEN", 0.4 + 0.1 - 0.04, 0.75),
        ("LIGHTEN", 0.2 + 0.05 + 0.2, 0.75),
        ("DARKEN", 0.2 + 0.05 + 0.05, 0.75),
    ],
)
def test_porter_duff_by_hand(mode: str, colour: float, alpha: float) -> None:
    source = Layer(torch.tensor([0.4]), torch.tensor([0.5]))
    destination = Layer(torch.tensor([0.1]), torch.tensor([0.5]))
    found = porter_duff(source, destination, mode)
    assert found.colour.item() == pytest.approx(colour)
    assert found.alpha.item() == pytest.approx(alpha)


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg", "bayer-2", "bayer-16"])
@pytest.mark.parametrize("colours", [1, 2, 7, 256])
def test_quantising_leaves_few_colours(dither: str, colours: int) -> None:
    pixels = (noise(20, 24, 3) * 255).byte().numpy()
    found = quantize(pixels, colours, dither)
    assert found.shape == pixels.shape
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= colours


def test_dithering_keeps_the_mean_tone() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (64, 64, 3)).copy()
    hard, soft = quantize(pixels, 2, "none"), quantize(pixels, 2, "bayer-8")
    assert len(np.unique(hard[:, 20], axis=0)) == 1
    assert len(np.unique(soft[:, 20], axis=0)) == 2
    assert abs(float(soft.mean()) - 127.5) < 13


def test_bayers_matrix_holds_every_threshold_once() -> None:
    assert (bayer_matrix(2) * 4).tolist() == [[0, 2], [3, 1]]
    assert sorted((bayer_matrix(8) * 64).ravel().tolist()) == list(range(64))


def test_composite_cuts_what_sticks_out_and_keeps_its_inputs() -> None:
    destination, source = torch.zeros(2, 1, 4, 4), torch.ones(1, 1, 3, 3)
    found = composite(destination, source, 2, 3, torch.full((1, 6, 6), 0.25))
    assert found[:, 0, 3].tolist() == [[0, 0, 0.25, 0.25]] * 2
    assert found.sum().item() == pytest.approx(1.0)
    assert not destination.any()
    assert torch.equal(composite(destination, source, 40, 40), destination)


def test_ramps_rise_from_the_edges() -> None:
    assert ramps(1, 5, left=2, right=4)[0].tolist() == [0.5, 1.0, 0.75, 0.5, 0.25]
    assert ramps(2, 2, top=100)[:, 0].tolist() == [0.5, 1.0]


@given(st.integers(1, 5), st.integers(1, 9))
def test_batches_are_repeated_in_turn(have: int, want: int) -> None:
    found = repeat_to_batch(torch.arange(have), want)
    assert found.tolist() == [place % have for place in range(want)]


def test_channels_are_added_and_dropped() -> None:
    grey, rgba = noise(1, 2, 2, 1), noise(1, 2, 2, 4)
    assert torch.equal(with_channels(grey, 3), grey.expand(1, 2, 2, 3))
    assert torch.equal(with_channels(rgba, 3), rgba[..., :3])
    first, second = same_channels(grey, rgba)
    assert first.shape == second.shape
    assert (first[..., 3] == 1).all()


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(InvalidValueError, match=r'input "image2".*\(3, 4\)'):
        check_image(torch.zeros(3, 4), "image2")
    with pytest.raises(InvalidValueError, match="NoneType"):
        check_image(None)
    with pytest.raises(InvalidValueError, match=r'input "mask".*\(1, 3, 4, 4\)'):
        check_mask(torch.zeros(1, 3, 4, 4))
    with pytest.raises(InvalidValueError, match=r'input "samples".*\(4, 8, 8\)'):
        check_latent({"samples": torch.zeros(4, 8, 8)})
    with pytest.raises(InvalidValueError, match="Tensor"):
        check_latent(torch.zeros(1))
    assert check_mask(torch.zeros(4, 5)).shape == (1, 4, 5)
    assert check_mask(torch.zeros(2, 1, 4, 5)).shape == (2, 4, 5)


def test_a_window_outside_the_picture_is_an_error_in_pixels() -> None:
    with pytest.raises(InvalidValueError, match=r'input "y".*0 to 24'):
        cut(torch.zeros(1, 4, 4, 4), 0, 4, 2, 2, unit=8)
    assert cut(torch.zeros(1, 4, 4, 4), 3, 0, 9, 9).shape == (1, 4, 4, 1)
