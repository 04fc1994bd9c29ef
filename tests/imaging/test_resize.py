"""Sizes, ranges and known values of every resize method."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InvalidValueError, UnknownNameError
from engine.imaging.resize import (
    crop_to_aspect,
    resize,
    resize_image,
    resize_mask,
    size_with_aspect,
)
from engine.imaging.spherical import bislerp, slerp

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos", "bislerp")
sides = st.integers(1, 24)


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@given(
    st.sampled_from(METHODS), sides, sides, sides, sides, st.sampled_from(("disabled", "center"))
)
def test_every_method_gives_the_size_asked_for(
    method: str, height: int, width: int, new_height: int, new_width: int, crop: str
) -> None:
    image = noise(2, 3, height, width)
    before = image.clone()
    found = resize(image, new_width, new_height, method, crop)
    assert found.shape == (2, 3, new_height, new_width)
    assert found.isfinite().all()
    assert torch.equal(image, before)


@given(st.sampled_from(METHODS), sides, sides)
def test_a_flat_image_stays_flat(method: str, new_height: int, new_width: int) -> None:
    found = resize(torch.full((1, 3, 9, 7), 0.25), new_width, new_height, method)
    assert torch.allclose(found, torch.tensor(0.25), atol=1e-5)


@given(st.sampled_from(METHODS[:-1]), sides, sides)
def test_images_stay_in_range(method: str, new_height: int, new_width: int) -> None:
    image = (noise(1, 9, 7, 3) > 0.5).float()
    found = resize_image(image, new_width, new_height, method)
    assert found.min() >= 0.0
    assert found.max() <= 1.0


@pytest.mark.parametrize("method", METHODS)
def test_the_same_size_changes_nothing(method: str) -> None:
    image = noise(1, 4, 8, 8)
    assert torch.equal(resize(image, 8, 8, method), image)


def test_lanczos_is_pillows_in_float() -> None:
    image = noise(1, 1, 10, 12)
    expected = Image.fromarray(image[0, 0].numpy()).resize((5, 7), Image.Resampling.LANCZOS)
    assert np.array_equal(resize(image, 5, 7, "lanczos")[0, 0].numpy(), np.asarray(expected))


def test_area_halves_by_averaging() -> None:
    image = noise(1, 1, 4, 4)
    expected = image.reshape(1, 1, 2, 2, 2, 2).mean(dim=(3, 5))
    assert torch.allclose(resize(image, 2, 2, "area"), expected)


@given(sides, sides, sides, sides)
def test_centre_crop_takes_as_much_from_both_ends(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    places = torch.arange(height * width).reshape(1, 1, height, width)
    found = crop_to_aspect(places, new_width, new_height)
    first, last = int(found.flatten()[0]), int(found.flatten()[-1])
    assert first + last == height * width - 1  # the window is symmetric about the centre
    assert found.shape[2] == height or found.shape[3] == width


def test_centre_crop_keeps_the_middle_of_a_wide_image() -> None:
    image = torch.arange(8.0).reshape(1, 1, 1, 8).expand(1, 1, 4, 8)
    assert resize(image, 4, 4, "nearest-exact", "center")[0, 0, 0].tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ((0, 0), (40, 20)),
        ((10, 0), (10, 5)),
        ((0, 10), (20, 10)),
        ((7, 9), (7, 9)),
        ((1, 0), (1, 1)),
    ],
)
def test_a_missing_side_follows_from_the_aspect_ratio(
    wish: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert size_with_aspect((40, 20), *wish) == expected


def test_masks_are_resized_bilinearly() -> None:
    mask = torch.tensor([[[0.0, 1.0]]])
    assert resize_mask(mask, 4, 1).flatten().tolist() == [0.0, 0.25, 0.75, 1.0]


def test_wrong_names_and_sizes_are_explained() -> None:
    image = noise(1, 3, 4, 4)
    with pytest.raises(UnknownNameError, match='Did you mean "lanczos"'):
        resize(image, 2, 2, "lancos")
    with pytest.raises(UnknownNameError, match='Did you mean "center"'):
        resize(image, 2, 2, "area", "centre")
    with pytest.raises(InvalidValueError, match="0 x 2"):
        resize(image, 0, 2, "area")


def test_slerp_halves_the_angle() -> None:
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    found = slerp(a, b, torch.tensor(0.5))
    assert torch.allclose(found, torch.tensor([[1.0, 1.0]]) * 2 / 2**0.5)


@pytest.mark.parametrize("b", [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 1e-9]])
def test_slerp_is_a_line_where_the_arc_is_not_defined(b: list[float]) -> None:
    a, t = torch.tensor([[1.0, 0.0]]), torch.tensor(0.25)
    found = slerp(a, torch.tensor([b]), t)
    assert torch.allclose(found, 0.75 * a + 0.25 * torch.tensor([b]), atol=1e-6)


def test_bislerp_keeps_the_contrast_bilinear_loses() -> None:
    latent = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    spherical = bislerp(latent, 64, 64)
    linear = resize(latent, 64, 64, "bilinear")
    length = latent.norm(dim=1).mean()
    assert abs(spherical.norm(dim=1).mean() / length - 1) < 0.02
    assert linear.norm(dim=1).mean() / length < 0.85
