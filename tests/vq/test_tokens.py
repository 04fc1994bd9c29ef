from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.types import TokenGrid
from engine.vq.tokens import cells_under, check_tokens, mixed, noisy, replaced


def grid(tokens: list[list[list[int]]], size: int = 8) -> TokenGrid:
    return {"tokens": torch.tensor(tokens), "size": size}


SMALL = grid([[[0, 1, 2], [3, 1, 1]]])
LEFT = torch.tensor([[[1.0, 0.0, 0.0]]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (grid([[[0, 8, 2]]]), "picture 0, row 0, column 1: expected 0 to 7, got 8"),
        (grid([[[0, 1]], [[0, -1]]]), "picture 1, row 0, column 1: expected 0 to 7, got -1"),
        ({"tokens": torch.zeros(2, 2, dtype=torch.int64), "size": 8}, r"shape \[B, h, w\]"),
        ({"tokens": torch.zeros(1, 2, 2), "size": 8}, "float32"),
        ({"tokens": torch.zeros(1, 0, 2, dtype=torch.int64), "size": 8}, r"\[1, 0, 2, "),
        ({"tokens": torch.zeros(1, 2, 2, dtype=torch.int64)}, 'a token grid with "tokens"'),
        (torch.zeros(1, 2, 2, dtype=torch.int64), "got 'Tensor'"),
    ],
)
def test_what_is_no_token_grid_is_named(value: Any, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        check_tokens(value)


def test_a_token_is_replaced_everywhere_or_under_a_mask() -> None:
    assert replaced(SMALL, 1, 7, None)["tokens"].tolist() == [[[0, 7, 2], [3, 7, 7]]]
    under = replaced(SMALL, 1, 7, torch.tensor([[[0.0, 1.0, 0.0]]]))
    assert under["tokens"].tolist() == [[[0, 7, 2], [3, 7, 1]]]
    assert replaced(SMALL, None, 5, LEFT)["tokens"].tolist() == [[[5, 1, 2], [5, 1, 1]]]
    assert SMALL["tokens"].tolist() == [[[0, 1, 2], [3, 1, 1]]]


@pytest.mark.parametrize(("old", "new", "named"), [(8, 0, "find"), (0, 8, "replace")])
def test_tokens_that_do_not_exist_are_named(old: int, new: int, named: str) -> None:
    with pytest.raises(InvalidValueError, match=f'input "{named}": expected 0 to 7, got 8'):
        replaced(SMALL, old, new, None)


def test_two_grids_meet_at_the_mask() -> None:
    other = grid([[[5, 5, 5], [6, 6, 6]]])
    assert mixed(SMALL, other, LEFT)["tokens"].tolist() == [[[5, 1, 2], [6, 1, 1]]]


def test_one_grid_serves_for_a_batch() -> None:
    batch = grid([[[0, 0]], [[1, 1]]])
    one = grid([[[7, 7]]])
    left = torch.tensor([[[1.0, 0.0]]])
    assert mixed(batch, one, left)["tokens"].tolist() == [[[7, 0]], [[7, 1]]]
    assert mixed(one, batch, left)["tokens"].tolist() == [[[0, 7]], [[1, 7]]]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (grid([[[0, 1, 2]]]), r"expected \[1, 2, 3\]"),
        (grid([[[0, 1, 2], [3, 1, 1]]], size=9), "tokens of 8 codes"),
        (grid([[[0, 1, 2], [3, 1, 9]]], size=9), "row 1, column 2: expected 0 to 8, got 9"),
    ],
)
def test_grids_that_do_not_fit_each_other_are_named(other: TokenGrid, said: str) -> None:
    with pytest.raises(InvalidValueError, match=f'input "tokens_b".*{said}'):
        mixed(SMALL, other, LEFT)


def test_a_mask_of_any_size_covers_the_cells_it_covers_by_half() -> None:
    tokens = SMALL["tokens"]
    mask = torch.zeros(1, 20, 30)
    mask[:, :10, :15] = 1.0  # the first cell, and half of the second
    assert cells_under(mask, tokens).tolist() == [[[True, True, False], [False] * 3]]
    with pytest.raises(InvalidValueError, match="one for each of 1 pictures, got 2"):
        cells_under(mask.expand(2, -1, -1), tokens)


@given(
    percent=st.floats(0, 100), seed=st.integers(0, 2**64 - 1), height=st.integers(1, 9),
    width=st.integers(1, 9),
)  # fmt: skip
def test_noise_changes_its_share_at_most_and_stays_in_range(
    percent: float, seed: int, height: int, width: int
) -> None:
    start: TokenGrid = {"tokens": torch.zeros(2, height, width, dtype=torch.int64), "size": 10**6}
    result = noisy(start, percent, seed, None)
    check_tokens(result)
    changed = (result["tokens"] != 0).flatten(1).sum(1)
    expected = round(height * width * percent / 100)
    # 1 of a million codes is the cell's own.
    assert all(expected - 1 <= int(count) <= expected + 1 for count in changed)
    assert torch.equal(noisy(start, percent, seed, None)["tokens"], result["tokens"])


def test_noise_stays_under_its_mask() -> None:
    start: TokenGrid = {"tokens": torch.zeros(1, 8, 8, dtype=torch.int64), "size": 10**6}
    mask = torch.zeros(1, 8, 8)
    mask[:, :4] = 1
    result = noisy(start, 50, 3, mask)["tokens"]
    assert (result[:, :4] != 0).sum() == 16
    assert not result[:, 4:].any()


def test_noise_uses_all_codes_alike() -> None:
    start: TokenGrid = {"tokens": torch.zeros(1, 100, 100, dtype=torch.int64), "size": 4}
    counts = torch.bincount(noisy(start, 100, 0, None)["tokens"].flatten(), minlength=4)
    assert counts.min() > 2300  # of 2,500 each; 5 sigma are 217


def test_a_share_above_everything_is_named() -> None:
    with pytest.raises(InvalidValueError, match='input "percent": expected 0 to 100, got 101'):
        noisy(SMALL, 101, 0, None)
