"""How groups of tokens are laid out in chunks."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.text.chunks import ChunkLayout, WeightedToken

CLIP = ChunkLayout(start=1000, end=1001, pad=1001, length=77)
SMALL = ChunkLayout(start=1000, end=1001, pad=0, length=12)


def group(first: int, count: int, weight: float = 1.0) -> list[WeightedToken]:
    return [(first + i, weight) for i in range(count)]


def ids(layout: ChunkLayout, *groups: list[WeightedToken]) -> list[list[object]]:
    return [[token for token, _ in chunk] for chunk in layout.pack(groups)]


def test_an_empty_prompt_is_one_chunk() -> None:
    assert ids(CLIP) == [[1000, *[1001] * 76]]
    assert ids(CLIP, []) == ids(CLIP)


def test_a_chunk_holds_75_tokens_between_start_and_end() -> None:
    (full,) = ids(CLIP, group(1, 75))
    assert full == [1000, *range(1, 76), 1001]
    first, second = ids(CLIP, group(1, 76))
    assert first == full
    assert second == [1000, 76, *[1001] * 75]


def test_a_short_group_moves_whole_to_the_next_chunk() -> None:
    first, second = ids(SMALL, group(1, 5), group(11, 7))
    assert first == [1000, 1, 2, 3, 4, 5, 1001, 0, 0, 0, 0, 0]
    assert second == [1000, *range(11, 18), 1001, 0, 0, 0]


def test_a_group_of_eight_is_split() -> None:
    first, second = ids(SMALL, group(1, 5), group(11, 8))
    assert first == [1000, 1, 2, 3, 4, 5, *range(11, 16), 1001]
    assert second == [1000, 16, 17, 18, 1001, *[0] * 7]


def test_a_short_group_longer_than_a_chunk_is_split() -> None:
    tiny = ChunkLayout(start=1000, end=1001, pad=0, length=5)
    assert ids(tiny, group(1, 4)) == [[1000, 1, 2, 3, 1001], [1000, 4, 1001, 0, 0]]


def test_weights_stay_with_their_tokens_and_frames_weigh_one() -> None:
    (chunk,) = SMALL.pack([group(1, 2, 1.5), group(5, 1, 0.5)])
    assert [weight for _, weight in chunk] == [1, 1.5, 1.5, 0.5, *[1] * 8]


def test_the_end_position_is_the_first_end_token() -> None:
    vectors: list[WeightedToken] = [(torch.zeros(4), 1.0)] * 3
    (chunk,) = CLIP.pack([vectors, group(1, 2)])
    assert CLIP.end_position(chunk) == 6
    assert CLIP.end_position([(5, 1.0)] * 77) == 76


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(3, 30))
def test_order_lengths_and_short_groups_are_kept(sizes: list[int], length: int) -> None:
    layout = ChunkLayout(start=10_000, end=10_001, pad=10_002, length=length)
    groups = [group(100 * i, size) for i, size in enumerate(sizes)]
    chunks = ids(layout, *groups)
    texts = [chunk[1 : chunk.index(10_001)] for chunk in chunks]
    assert all(len(chunk) == length and chunk[0] == 10_000 for chunk in chunks)
    assert [token for text in texts for token in text] == [t for g in groups for t, _ in g]
    assert len(texts) == 1 or all(texts)
    for tokens in ([token for token, _ in g] for g in groups if 0 < len(g) < 8):
        if len(tokens) <= layout.capacity:
            assert sum(tokens[0] in text or tokens[-1] in text for text in texts) == 1
