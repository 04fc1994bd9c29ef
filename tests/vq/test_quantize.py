from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.types import CodebookDict, TokenGrid
from engine.vq import codebook as vq
from engine.vq.quantize import Rule, look_up, quantize

LINE: CodebookDict = {"codes": torch.tensor([[0.0], [1.0], [3.0], [9.0]])}


def codebook(size: int = 32, width: int = 3, seed: int = 0) -> CodebookDict:
    return {"codes": torch.randn(size, width, generator=torch.Generator().manual_seed(seed))}


def gumbel(size: int = 6, width: int = 3) -> CodebookDict:
    book = codebook(size, width)
    weight, bias = codebook(size, width, 1)["codes"], codebook(1, size, 2)["codes"][0]
    return {**book, "logits": (weight, bias)}


def cells(values: list[list[float]]) -> torch.Tensor:
    """A latent (1, 1, h, w)."""
    return torch.tensor(values)[None, None]


def test_tokens_lie_as_the_cells_do() -> None:
    grid, distances = quantize(cells([[0.25, 2.5, 8.0], [-1.0, 1.0, 6.5]]), LINE)
    assert grid["tokens"].tolist() == [[[0, 2, 3], [0, 1, 3]]]
    assert grid["size"] == 4
    assert distances.tolist() == [[[0.25, 0.5, 1.0], [1.0, 0.0, 2.5]]]


@pytest.mark.parametrize("rule", get_args(Rule))
def test_codes_are_their_own_tokens(rule: Rule) -> None:
    book = codebook()
    grid: TokenGrid = {"tokens": torch.arange(32).reshape(2, 2, 8), "size": 32}
    found, distances = quantize(look_up(grid, book), book, rule=rule)
    assert torch.equal(found["tokens"], grid["tokens"])
    torch.testing.assert_close(distances, torch.zeros(2, 2, 8), atol=1e-6, rtol=0)


def test_looking_up_puts_channels_first() -> None:
    book: CodebookDict = {"codes": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    codes = look_up({"tokens": torch.tensor([[[0, 1, 1]]]), "size": 2}, book)
    assert codes.tolist() == [[[[1, 3, 3]], [[2, 4, 4]]]]


def test_a_gumbel_codebook_takes_the_largest_logit() -> None:
    book = gumbel()
    weight, bias = book["logits"]
    latent = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(4))
    grid, surprise = quantize(latent, book)
    for item in range(2):
        for row in range(4):
            for column in range(5):
                z = latent[item, :, row, column].double()
                logits = [float(w.double() @ z + b) for w, b in zip(weight, bias, strict=True)]
                best = max(range(6), key=logits.__getitem__)
                assert int(grid["tokens"][item, row, column]) == best
                probability = math.exp(logits[best]) / sum(map(math.exp, logits))
                assert float(surprise[item, row, column]) == pytest.approx(-math.log(probability))


def test_cosine_is_blind_to_length() -> None:
    book: CodebookDict = {"codes": torch.tensor([[3.0, 0.0], [0.0, 0.1]])}
    latent = torch.tensor([0.1, 0.2])[None, :, None, None]
    assert quantize(latent, book, rule="euclidean").grid["tokens"].item() == 1
    grid, distances = quantize(latent * 100, book, rule="cosine")
    assert grid["tokens"].item() == 1
    assert distances.item() == pytest.approx(1 - 2 / math.sqrt(5))


def test_draws_follow_their_probabilities() -> None:
    count = 40_000
    latent = torch.full((1, 1, 1, count), 1.2)
    grid, _ = quantize(latent, LINE, temperature=0.7, top_k=3, seed=5)
    # Half the squared distances are 0.72, 0.02 and 1.62; code 3 is no candidate.
    gaps = [0.70, 0.0, 1.60]
    mean = sum(gaps) / 3
    weights = [math.exp(-gap / (0.7 * mean)) for gap in gaps] + [0.0]
    for code, weight in enumerate(weights):
        share = (grid["tokens"] == code).sum().item() / count
        assert share == pytest.approx(weight / sum(weights), abs=0.01)  # 4 sigma


def test_a_seed_repeats_and_another_does_not() -> None:
    book, latent = codebook(), torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))

    def tokens(seed: int) -> torch.Tensor:
        return quantize(latent, book, temperature=1.0, top_k=8, seed=seed).grid["tokens"]

    assert torch.equal(tokens(3), tokens(3))
    assert not torch.equal(tokens(3), tokens(4))


@pytest.mark.parametrize("settings", [{"temperature": 0.0, "top_k": 9}, {"temperature": 5.0}])
def test_without_variation_the_nearest_is_taken(settings: dict[str, Any]) -> None:
    book, latent = codebook(), torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plain = quantize(latent, book).grid["tokens"]
    assert torch.equal(quantize(latent, book, seed=9, **settings).grid["tokens"], plain)


def test_a_low_temperature_comes_to_the_nearest() -> None:
    book, latent = codebook(), torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plain = quantize(latent, book).grid["tokens"]
    cold = quantize(latent, book, temperature=1e-6, top_k=8).grid["tokens"]
    assert torch.equal(cold, plain)


def test_equal_codes_can_be_drawn_among() -> None:
    book: CodebookDict = {"codes": torch.ones(4, 2)}
    grid, distances = quantize(torch.ones(1, 2, 6, 6), book, temperature=1.0, top_k=4)
    assert set(grid["tokens"].flatten().tolist()) == {0, 1, 2, 3}
    assert not distances.any()


@pytest.mark.parametrize("make", [codebook, gumbel])
@given(rows=st.integers(1, 9), seed=st.integers(0, 999))
def test_memory_blocks_do_not_change_what_is_drawn(make: Any, rows: int, seed: int) -> None:
    book = make()
    latent = torch.randn(2, 3, 4, 3, generator=torch.Generator().manual_seed(seed))
    settings: dict[str, Any] = {"temperature": 1.0, "top_k": 4, "seed": seed}
    whole = quantize(latent, book, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vq, "_SCORE_BYTES", 4 * len(book["codes"]) * rows)
        parts = quantize(latent, book, **settings)
    assert torch.equal(parts.grid["tokens"], whole.grid["tokens"])
    torch.testing.assert_close(parts.distances, whole.distances)


def test_nothing_that_comes_in_changes() -> None:
    book, latent = codebook(), torch.randn(1, 3, 4, 4)
    before = book["codes"].clone(), latent.clone()
    quantize(latent, book, rule="cosine", temperature=1.0, top_k=4)
    assert torch.equal(book["codes"], before[0])
    assert torch.equal(latent, before[1])


def test_a_codebook_of_another_width_is_named() -> None:
    with pytest.raises(InvalidValueError, match=r"got \[1, 4, 2, 2\].*model that encoded"):
        quantize(torch.zeros(1, 4, 2, 2), LINE)


def test_a_token_grid_of_another_codebook_is_named() -> None:
    with pytest.raises(InvalidValueError, match=r"expected tokens of 4 codes.*got 1024"):
        look_up({"tokens": torch.zeros(1, 2, 2, dtype=torch.int64), "size": 1024}, LINE)


@pytest.mark.parametrize("rule", ["euclidean", "cosine"])
def test_distances_make_no_sense_for_a_gumbel_codebook(rule: Rule) -> None:
    with pytest.raises(InvalidValueError, match='expected "as trained"'):
        quantize(torch.zeros(1, 3, 2, 2), gumbel(), rule=rule)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"top_k": 0}, 'input "top_k": expected 1 to 4'),
        ({"top_k": 5}, 'input "top_k": expected 1 to 4'),
        ({"temperature": -0.1}, 'input "temperature"'),
    ],
)
def test_numbers_out_of_range_are_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        quantize(cells([[1.0]]), LINE, **settings)
