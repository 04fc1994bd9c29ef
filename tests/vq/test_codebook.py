from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.vq import codebook as vq
from engine.vq.codebook import EmaCodebook, Metric, kmeans_codebook, nearest_codes

SQUARE = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def nearest_by_loop(vectors: torch.Tensor, codes: torch.Tensor, metric: Metric) -> list[int]:
    """The definition itself, in Python floats: no matrix product, no blocks."""

    def far(v: list[float], e: list[float]) -> float:
        if metric == "euclidean":
            return math.dist(v, e)
        lengths = math.hypot(*v) * math.hypot(*e)
        return -sum(a * b for a, b in zip(v, e, strict=True)) / lengths if lengths else 0.0

    book = codes.tolist()
    return [
        min(range(len(book)), key=lambda i: far(vector, book[i])) for vector in vectors.tolist()
    ]


def test_nearest_code_by_hand() -> None:
    vectors = torch.tensor([[1.0, 1.0], [3.0, 0.5], [0.1, 2.5], [9.0, 9.0]])
    assert nearest_codes(vectors, SQUARE).tolist() == [0, 1, 2, 3]


def test_metrics_disagree_where_lengths_do() -> None:
    codes = torch.tensor([[1.0, 0.0], [10.0, 10.0]])
    vector = torch.tensor([[1.0, 0.9]])
    assert nearest_codes(vector, codes).tolist() == [0]
    assert nearest_codes(vector, codes, metric="cosine").tolist() == [1]


def test_ties_go_to_the_lowest_code() -> None:
    assert nearest_codes(torch.tensor([[2.0, 2.0]]), SQUARE).tolist() == [0]


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 40),
    size=st.integers(1, 30),
    width=st.integers(1, 6),
    metric=st.sampled_from(["euclidean", "cosine"]),
)
def test_nearest_code_is_what_the_definition_says(
    seed: int, count: int, size: int, width: int, metric: Metric
) -> None:
    # Eighths: products and sums are exact in float32, so that ties are ties in both; the cosine
    # divides, so there the values are not on a grid and ties do not happen but between equals.
    generator = seeded(seed)
    draw = torch.rand if metric == "cosine" else torch.randn
    vectors, codes = (draw(rows, width, generator=generator) for rows in (count, size))
    if metric == "euclidean":
        vectors, codes = (vectors * 8).round() / 8, (codes * 8).round() / 8
    found = nearest_codes(vectors, codes, metric=metric).tolist()
    expected = nearest_by_loop(vectors, codes, metric)
    if metric == "cosine":  # float32 may see a tie where the loop sees a difference under 1e-6
        vectors, codes = (
            torch.nn.functional.normalize(t.double(), dim=1) for t in (vectors, codes)
        )
        best = (vectors * codes[found]).sum(1) if count else torch.zeros(0)
        wanted = (vectors * codes[expected]).sum(1) if count else torch.zeros(0)
        torch.testing.assert_close(best, wanted, atol=1e-6, rtol=0, check_dtype=False)
    else:
        assert found == expected


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, codes = (
        torch.randn(100, 5, generator=seeded()),
        torch.randn(33, 5, generator=seeded(1)),
    )
    whole = nearest_codes(vectors, codes)
    monkeypatch.setattr(vq, "_SCORE_BYTES", 4 * 33 * 7)
    assert [len(block) for block in vq.closeness(vectors, codes)] == [7] * 14 + [2]
    assert torch.equal(nearest_codes(vectors, codes), whole)


def test_memory_is_one_block_however_many_vectors_there_are() -> None:
    vectors, codes = torch.zeros(70_000, 2), torch.zeros(512, 2)
    places, most = set(), 0
    for block in vq.closeness(vectors, codes):
        places.add(block.untyped_storage().data_ptr())
        most = max(most, block.untyped_storage().nbytes())
    assert len(places) == 1
    assert most <= vq._SCORE_BYTES < 70_000 * 512 * 4


def test_autocast_does_not_blur_distances() -> None:
    codes = torch.tensor([[1.0], [1.0 + 2**-9]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nearest_codes(torch.tensor([[1.0 + 2**-9]]), codes).tolist() == [1]


@pytest.mark.parametrize("vectors", [torch.zeros(3, 5), torch.zeros(3)])
def test_vectors_of_another_width_are_refused(vectors: torch.Tensor) -> None:
    with pytest.raises(InvalidValueError, match=r"expected \[N, 2\], as wide as the codebook"):
        nearest_codes(vectors, SQUARE)


def test_a_codebook_without_codes_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="at least 1 code"):
        nearest_codes(torch.zeros(3, 2), torch.zeros(0, 2))


def test_straight_through_passes_the_gradient_to_the_encoder_alone() -> None:
    z = torch.tensor([0.2, 0.9], requires_grad=True)
    quantized = torch.tensor([0.0, 1.0], requires_grad=True)
    output = vq.straight_through(z, quantized)
    assert output.tolist() == [0.0, 1.0]
    (output * torch.tensor([2.0, 5.0])).sum().backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert z.grad.tolist() == [2.0, 5.0]
    assert quantized.grad is None


def test_each_loss_moves_its_own_side() -> None:
    z = torch.tensor([1.0, 3.0], requires_grad=True)
    quantized = torch.tensor([0.0, 1.0], requires_grad=True)
    vq.codebook_loss(z, quantized).backward()  # type: ignore[no-untyped-call]
    assert quantized.grad is not None
    assert (z.grad, quantized.grad.tolist()) == (None, [-1.0, -2.0])  # 2 (e - z) / 2
    quantized.grad = None
    loss = vq.commitment_loss(z, quantized)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 2.5
    assert z.grad is not None
    assert (z.grad.tolist(), quantized.grad) == ([1.0, 2.0], None)


def test_moving_average_by_hand() -> None:
    ema = EmaCodebook(torch.tensor([[0.0], [10.0]]), decay=0.5, epsilon=0.0)
    ema.update(torch.tensor([[2.0], [4.0], [8.0]]), torch.tensor([0, 0, 1]))
    # N = (1 + 2) / 2 = 1.5 and (1 + 1) / 2 = 1; m = (0 + 6) / 2 = 3 and (10 + 8) / 2 = 9.
    assert ema.cluster_sizes.tolist() == [1.5, 1.0]
    assert ema.sums.tolist() == [[3.0], [9.0]]
    assert ema.codebook.tolist() == [[2.0], [9.0]]


def test_laplace_smoothing_by_hand() -> None:
    ema = EmaCodebook(torch.tensor([[0.0], [10.0]]), decay=0.0, epsilon=0.5)
    ema.update(torch.tensor([[3.0], [6.0], [9.0]]), torch.tensor([0, 0, 0]))
    # N = (3, 0), n = 3; smoothed N = (N + 0.5) / (3 + 1) * 3 = (2.625, 0.375).
    torch.testing.assert_close(ema.codebook, torch.tensor([[18 / 2.625], [0.0]]))


def test_moving_average_settles_on_the_clusters_mean() -> None:
    ema = EmaCodebook(torch.tensor([[0.0, 0.0], [5.0, 5.0]]), decay=0.9)
    vectors = torch.tensor([[1.0, 2.0], [3.0, 2.0], [6.0, 7.0]])
    for _ in range(200):
        ema.update(vectors, nearest_codes(vectors, ema.codebook))
    expected = torch.tensor([[2.0, 2.0], [6.0, 7.0]])
    torch.testing.assert_close(ema.codebook, expected, atol=1e-3, rtol=0)


def test_a_moving_average_survives_saving() -> None:
    first = EmaCodebook(SQUARE)
    first.update(torch.ones(3, 2), torch.tensor([0, 0, 3]))
    second = EmaCodebook(torch.zeros(4, 2))
    second.load_state_dict(first.state_dict())
    for ema in (first, second):
        ema.update(torch.full((2, 2), 3.0), torch.tensor([1, 3]))
    assert torch.equal(first.codebook, second.codebook)


def test_dead_codes_are_replaced_by_different_vectors() -> None:
    vectors = torch.tensor([[7.0, 7.0], [8.0, 8.0], [9.0, 9.0]])
    revived = vq.revive_dead_codes(SQUARE, torch.tensor([0, 5, 0, 1]), vectors, seeded())
    assert torch.equal(revived[[1, 3]], SQUARE[[1, 3]])
    assert all((revived[i] == vectors).all(1).any() for i in (0, 2))
    assert not torch.equal(revived[0], revived[2])
    assert SQUARE[0].tolist() == [0.0, 0.0]


def test_more_dead_codes_than_vectors_leaves_the_last_alone() -> None:
    revived = vq.revive_dead_codes(SQUARE, torch.zeros(4), torch.tensor([[9.0, 9.0]]), seeded())
    assert revived.tolist() == [[9.0, 9.0], *SQUARE[1:].tolist()]


def test_a_revived_code_starts_its_average_anew() -> None:
    ema = EmaCodebook(SQUARE, decay=0.5)
    ema.update(torch.full((8, 2), 4.0), torch.full((8,), 3))
    assert ema.revive(torch.full((4, 2), 7.0), seeded(), threshold=0.6).tolist() == [
        True, True, True, False,
    ]  # fmt: skip
    assert ema.cluster_sizes.tolist() == [1.0, 1.0, 1.0, 4.5]
    assert torch.equal(ema.sums[:3], ema.codebook[:3])


def test_usage_is_the_share_of_codes_that_occur() -> None:
    tokens = torch.tensor([[[0, 3], [3, 0]]])
    assert vq.code_usage(tokens, 8) == 0.25
    assert vq.code_counts(tokens, 5).tolist() == [2, 0, 0, 2, 0]


def test_kmeans_finds_separate_clusters() -> None:
    noise = torch.randn(400, 2, generator=seeded(3)) * 0.1
    vectors = SQUARE.repeat(100, 1) + noise
    centres = kmeans_codebook(vectors, 4, seeded(1))
    means = torch.stack([vectors[i::4].mean(0) for i in range(4)])
    order = nearest_codes(means, centres)
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    torch.testing.assert_close(centres[order], means)


def test_kmeans_uses_every_code_where_vectors_repeat() -> None:
    vectors = torch.cat([torch.zeros(50, 1), torch.arange(1.0, 9.0)[:, None]])
    centres = kmeans_codebook(vectors, 9, seeded(), iterations=60)
    assert sorted(centres.flatten().tolist()) == [float(i) for i in range(9)]


def test_kmeans_repeats_with_its_seed() -> None:
    vectors = torch.randn(200, 3, generator=seeded())
    first, second = (kmeans_codebook(vectors, 16, seeded(5)) for _ in range(2))
    assert torch.equal(first, second)


def test_kmeans_needs_a_vector_for_each_code() -> None:
    with pytest.raises(InvalidValueError, match=r"k-means: expected at least 5, got 4"):
        kmeans_codebook(SQUARE, 5, seeded())
