"""Nodes are plain classes: call them with small tensors."""

from __future__ import annotations

import pytest
import torch

from custom_nodes.example_pack.checkerboard import CheckerboardMask
from custom_nodes.example_pack.tint import COLORS, Tint


@pytest.mark.parametrize("color", COLORS)
def test_white_becomes_the_color_and_black_stays(color: str) -> None:
    image = torch.stack([torch.ones(2, 2, 3), torch.zeros(2, 2, 3)])

    (tinted,) = Tint().tint(image, color, 1.0)

    assert torch.allclose(tinted[0, 0, 0], torch.tensor(COLORS[color]))
    assert torch.equal(tinted[1], image[1])


def test_strength_zero_and_an_empty_mask_change_nothing() -> None:
    image = torch.rand(2, 4, 4, 3)

    assert torch.equal(Tint().tint(image, "warm", 0.0)[0], image)
    assert torch.equal(Tint().tint(image, "warm", 1.0, torch.zeros(1, 4, 4))[0], image)


def test_inputs_stay_as_they_are() -> None:
    image = torch.rand(1, 4, 4, 3)
    before = image.clone()

    Tint().tint(image, "cold", 1.0)

    assert torch.equal(image, before)


def test_squares_alternate() -> None:
    mask = CheckerboardMask.execute(width=4, height=3, size=2).args[0]

    assert mask[0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]]


def test_a_square_larger_than_the_mask_is_refused_before_the_run() -> None:
    assert "larger" in str(CheckerboardMask.validate_inputs(width=4, height=4, size=5))
    assert CheckerboardMask.validate_inputs(width=4, height=4, size=4) is True
