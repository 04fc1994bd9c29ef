from __future__ import annotations

import colorsys

import pytest
import torch

from engine.vq.pictures import contact_sheet, token_colours


def test_colours_are_those_of_their_hue_saturation_and_value() -> None:
    root = 1.2207440846057596  # g⁴ = g + 1
    assert root**4 == pytest.approx(root + 1)
    for token, colour in enumerate(token_colours(50).tolist()):
        hue, second, third = (token * root**-power % 1 for power in (1, 2, 3))
        expected = colorsys.hsv_to_rgb(hue, 0.35 + 0.65 * second, 0.45 + 0.55 * third)
        assert colour == pytest.approx(expected, abs=1e-5)


def test_every_token_of_the_largest_codebooks_has_a_colour_of_its_own() -> None:
    colours = token_colours(16384)
    assert 0 <= float(colours.min()) < float(colours.max()) <= 1
    assert len({tuple(row) for row in (colours * 255).round().int().tolist()}) > 16384 * 0.99
    assert torch.equal(token_colours(1024), colours[:1024])


def test_neighbours_differ_clearly() -> None:
    colours = token_colours(1024)
    steps = (colours[1:] - colours[:-1]).abs().amax(1)
    assert float(steps.min()) > 0.15


def test_tiles_stand_in_rows_with_gaps() -> None:
    tiles = torch.arange(1.0, 6.0)[:, None, None, None].expand(-1, 2, 3, 3)
    sheet = contact_sheet(tiles, 2, 1)[0, :, :, 0]
    assert sheet.tolist() == [
        [1, 1, 1, 0, 2, 2, 2],
        [1, 1, 1, 0, 2, 2, 2],
        [0, 0, 0, 0, 0, 0, 0],
        [3, 3, 3, 0, 4, 4, 4],
        [3, 3, 3, 0, 4, 4, 4],
        [0, 0, 0, 0, 0, 0, 0],
        [5, 5, 5, 0, 0, 0, 0],
        [5, 5, 5, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(
    ("count", "gap", "shape"), [(4, 0, (4, 6)), (5, 1, (5, 11)), (1, 2, (2, 3))]
)
def test_without_columns_a_sheet_is_about_square(
    count: int, gap: int, shape: tuple[int, int]
) -> None:
    sheet = contact_sheet(torch.ones(count, 2, 3, 3), 0, gap)
    assert sheet.shape == (1, *shape, 3)
