"""What the mask nodes make, and that they leave their inputs alone."""

from __future__ import annotations

import pytest
import torch

from engine.errors import InvalidValueError
from nodes.mask.crop_mask import crop_mask
from nodes.mask.feather_mask import feather_mask
from nodes.mask.grow_mask import grow_mask
from nodes.mask.image_color_to_mask import image_color_to_mask
from nodes.mask.image_to_mask import image_to_mask
from nodes.mask.invert_mask import invert_mask
from nodes.mask.mask_composite import Operation, mask_composite
from nodes.mask.mask_to_image import mask_to_image
from nodes.mask.solid_mask import solid_mask
from nodes.mask.threshold_mask import threshold_mask


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(5))


def point(size: int = 7) -> torch.Tensor:
    mask = torch.zeros(1, size, size)
    mask[0, size // 2, size // 2] = 1.0
    return mask


def test_mask_to_image_and_back() -> None:
    mask = noise(2, 3, 4)
    image = mask_to_image(mask)
    assert image.shape == (2, 3, 4, 3)
    for channel in ("red", "green", "blue"):
        assert torch.equal(image_to_mask(image, channel), mask)


def test_masks_without_a_batch_axis_are_taken() -> None:
    assert mask_to_image(noise(3, 4)).shape == (1, 3, 4, 3)
    assert invert_mask(noise(2, 1, 3, 4)).shape == (2, 3, 4)


def test_a_missing_alpha_is_explained() -> None:
    with pytest.raises(InvalidValueError, match=r'input "channel".*3 channels'):
        image_to_mask(noise(1, 2, 2, 3), "alpha")
    rgba = noise(1, 2, 2, 4)
    assert torch.equal(image_to_mask(rgba, "alpha"), rgba[..., 3])


def test_a_colour_is_masked_at_eight_bits() -> None:
    image = torch.tensor([[255.0, 128.0, 0.0], [255.0, 128.4, 0.0], [255.0, 129.0, 0.0]]) / 255
    assert image_color_to_mask(image.reshape(1, 1, 3, 3), 0xFF8000).tolist() == [[[1, 1, 0]]]


def test_a_solid_mask_has_one_value() -> None:
    found = solid_mask(0.25, 3, 2)
    assert found.shape == (1, 2, 3)
    assert (found == 0.25).all()


def test_inverting_swaps_zero_and_one() -> None:
    assert invert_mask(torch.tensor([[[0.0, 0.25, 1.0]]])).tolist() == [[[1.0, 0.75, 0.0]]]


def test_cropping_cuts_what_there_is() -> None:
    mask = noise(1, 6, 8)
    assert torch.equal(crop_mask(mask, 2, 1, 3, 2), mask[:, 1:3, 2:5])
    assert crop_mask(mask, 7, 5, 9, 9).shape == (1, 1, 1)
    with pytest.raises(InvalidValueError, match='input "y"'):
        crop_mask(mask, 0, 6)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("multiply", [0.0, 0.24, 0.4, 0.7]),
        ("add", [0.4, 1.0, 1.0, 1.0]),
        ("subtract", [0.0, 0.0, 0.0, 0.3]),
        ("and", [0, 0, 0, 1]),
        ("or", [0, 1, 1, 1]),
        ("xor", [0, 1, 1, 0]),
    ],
)
def test_masks_are_combined(operation: Operation, expected: list[float]) -> None:
    first = torch.tensor([[[0.0, 0.4, 0.4, 1.0]]])
    second = torch.tensor([[[0.4, 0.6, 1.0, 0.7]]])
    found = mask_composite(first, second, 0, 0, operation)
    assert found.flatten().tolist() == pytest.approx(expected)


def test_combining_touches_only_the_place_of_the_source() -> None:
    destination, source = torch.zeros(2, 4, 4), torch.ones(1, 3, 3)
    found = mask_composite(destination, source, 2, 3, "add")
    assert found[1].sum() == 2
    assert found[1, 3, 2:].tolist() == [1, 1]
    assert not destination.any()
    assert torch.equal(mask_composite(destination, source, 99, 0, "add"), destination)


def test_feathering_fades_towards_the_edges() -> None:
    mask = torch.ones(2, 1, 5)
    assert feather_mask(mask, left=2, right=4)[1, 0].tolist() == [0.5, 1.0, 0.75, 0.5, 0.25]
    assert (mask == 1).all()
    assert torch.equal(feather_mask(mask), mask)


def test_growing_with_tapered_corners_makes_a_diamond() -> None:
    assert grow_mask(point(), 2, True).sum() == 13
    assert grow_mask(point(), 2, False).sum() == 25
    assert torch.equal(grow_mask(point(), 0, True), point())


@pytest.mark.parametrize("tapered", [True, False])
def test_shrinking_undoes_growing(tapered: bool) -> None:
    grown = grow_mask(point(9), 2, tapered)
    assert torch.equal(grow_mask(grown, -2, tapered), point(9))


@pytest.mark.parametrize("tapered", [True, False])
def test_growing_by_more_than_the_mask_fills_it(tapered: bool) -> None:
    assert (grow_mask(point(), 16384, tapered) == 1).all()
    assert not grow_mask(point(), -16384, tapered).any()
    assert (grow_mask(torch.ones(1, 3, 3), -1, tapered) == 1).all()


def test_the_threshold_must_be_exceeded() -> None:
    mask = torch.tensor([[[0.4, 0.5, 0.6]]])
    assert threshold_mask(mask, 0.5).tolist() == [[[0, 0, 1]]]


def test_what_is_no_mask_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r'input "mask".*batch, height, width'):
        invert_mask(noise(1, 3, 4, 4))
