"""Encoding: batches, weights, embeddings, and the members packs call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from engine.errors import InvalidValueError
from engine.text.clip import Clip, PromptChecker, SharedClipError, Tokens
from engine.text.embeddings import EmbeddingLibrary
from engine.types import TextEncoder
from tests.text.fake_clip import FakeFiles, FakeNetwork, letter_tokenizer

VECTORS = torch.randn(3, 6, generator=torch.Generator().manual_seed(5))


def read_vectors(path: Path) -> Mapping[str, torch.Tensor]:
    return {"emb_params": VECTORS}


def make_clip(network: FakeNetwork | None = None) -> Clip:
    library = EmbeddingLibrary(FakeFiles("bad.pt"), read_vectors)
    return Clip(network or FakeNetwork(), letter_tokenizer(), library)


def hidden_of(clip: Clip, text: str) -> torch.Tensor:
    ((hidden, _),) = clip.encode(text)
    assert isinstance(hidden, torch.Tensor)
    return hidden


def test_clip_is_a_text_encoder() -> None:
    encoder: TextEncoder = make_clip()
    assert isinstance(encoder, PromptChecker)


def test_one_prompt_gives_one_entry_in_float32() -> None:
    ((hidden, extra),) = make_clip().encode("abc")
    assert (hidden.shape, hidden.dtype) == ((1, 12, 6), torch.float32)
    assert list(extra) == ["pooled_output"]
    assert extra["pooled_output"].shape == (1, 6)


def test_chunks_are_encoded_apart_and_joined() -> None:
    clip = make_clip()
    long = hidden_of(clip, "abcdefghij klm")
    assert long.shape == (1, 24, 6)
    torch.testing.assert_close(long[:, :12], hidden_of(clip, "abcdefghij"))


def test_the_pooled_vector_is_the_first_chunks() -> None:
    network = FakeNetwork()
    clip = make_clip(network)
    first = clip.encode("abcdefghij")[0][1]["pooled_output"]
    both = clip.encode("abcdefghij klm")[0][1]["pooled_output"]
    torch.testing.assert_close(both, first)
    assert network.eos == [[11], [11, 4]]


def test_all_chunks_and_the_empty_prompt_are_one_forward_pass() -> None:
    network = FakeNetwork()
    make_clip(network).encode("(abcdefghij:1.2) klm")
    assert network.batches == [(3, 12, 6)]
    make_clip(network).encode("abcdefghij klm")
    assert network.batches[1:] == [(2, 12, 6)]


def test_a_very_long_prompt_is_several_passes_with_the_same_result() -> None:
    network = FakeNetwork()
    hidden = hidden_of(make_clip(network), "abcdefghij" * 70)
    assert [shape[0] for shape in network.batches] == [64, 6]
    torch.testing.assert_close(hidden[:, -12:], hidden_of(make_clip(), "abcdefghij"))


def test_a_weight_moves_a_token_away_from_the_empty_prompt() -> None:
    clip = make_clip()
    plain, empty = hidden_of(clip, "a b c"), hidden_of(clip, "")
    weighted = hidden_of(clip, "a (b:1.5) c")
    expected = empty[0, 2] + 1.5 * (plain[0, 2] - empty[0, 2])
    torch.testing.assert_close(weighted[0, 2], expected)
    torch.testing.assert_close(weighted[0, [0, 1, 3, 4]], plain[0, [0, 1, 3, 4]])


def test_a_weight_of_zero_is_the_empty_prompt_at_that_place() -> None:
    clip = make_clip()
    torch.testing.assert_close(hidden_of(clip, "(ab:0)")[0, 1:3], hidden_of(clip, "")[0, 1:3])


def test_a_weight_of_one_changes_nothing() -> None:
    clip = make_clip()
    assert torch.equal(hidden_of(clip, "(abc:1.0)"), hidden_of(clip, "abc"))


def test_clip_skip_takes_an_earlier_layer_and_the_same_pooled_vector() -> None:
    network = FakeNetwork()
    clip = make_clip(network)
    skipped = clip.with_last_layer(-2)
    ids = torch.tensor([[token for token, _ in clip.tokenize("ab")["l"][0]]])
    hidden, pooled = network(network.token_embeddings(ids), torch.tensor([3]), -2)
    torch.testing.assert_close(hidden_of(skipped, "ab"), hidden)
    torch.testing.assert_close(skipped.encode("ab")[0][1]["pooled_output"], pooled)
    assert (clip.layer, skipped.layer) == (-1, -2)


@pytest.mark.parametrize("layer", [0, 1, -4])
def test_a_layer_the_network_lacks_is_refused(layer: int) -> None:
    with pytest.raises(InvalidValueError, match="expected -3 to -1"):
        make_clip().with_last_layer(layer)


def test_an_embedding_puts_its_vectors_in_the_place_of_tokens() -> None:
    network = FakeNetwork()
    clip = make_clip(network)
    (chunk,) = clip.tokenize("a (embedding:bad, b:1.5)")["l"]
    assert [weight for _, weight in chunk[1:7]] == [1, 1.5, 1.5, 1.5, 1.5, 1]
    assert [token for token, _ in chunk[5:7]] == [27, 53]  # the vocabulary has no comma
    expected = network.table[torch.tensor([52, 0, 0, 0, 0, 27, 53, *[54] * 5])]
    expected[1], expected[2:5] = network.table[26], VECTORS
    hidden, _ = network(expected[None], torch.tensor([6]), -1)
    plain = [[(token, 1.0) for token, _ in chunk]]
    torch.testing.assert_close(clip.encode_from_tokens({"l": plain}), hidden)
    assert torch.equal(network.table, FakeNetwork().table)


def test_an_unknown_embedding_is_left_out_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    clip = make_clip()
    with caplog.at_level(logging.INFO, "engine.text"):
        tokens = clip.tokenize("a embedding:badd b")
    assert [token for token, _ in tokens["l"][0][1:4]] == [26, 27, 53]
    problems = clip.prompt_problems("a embedding:badd b")
    assert problems == caplog.messages
    assert 'Did you mean "embedding:bad"?' in problems[0]
    assert clip.prompt_problems("a embedding:bad") == []


def test_without_embedding_files_every_name_is_unknown() -> None:
    clip = Clip(FakeNetwork(), letter_tokenizer())
    assert len(clip.prompt_problems("embedding:x (embedding:y)")) == 2


def test_tokens_can_be_edited_between_tokenising_and_encoding() -> None:
    clip = make_clip()
    tokens = clip.tokenize("a b")
    edited = {"l": [[(t, 1.5 if t == 27 else w) for t, w in chunk] for chunk in tokens["l"]]}
    torch.testing.assert_close(clip.encode_from_tokens(edited), hidden_of(clip, "a (b:1.5)"))


def test_whole_numbers_are_weights_too() -> None:
    clip = make_clip()
    (chunk,) = clip.tokenize("a b")["l"]
    edited: Tokens = {"l": [[(t, 2 if t == 27 else 1) for t, _ in chunk]]}
    torch.testing.assert_close(clip.encode_from_tokens(edited), hidden_of(clip, "a (b:2)"))


def test_the_members_for_packs_return_what_encode_returns() -> None:
    clip = make_clip()
    ((hidden, extra),) = clip.encode("abc")
    tokens = clip.tokenize("abc")
    cond, pooled = clip.encode_from_tokens(tokens, return_pooled=True)
    as_dict = clip.encode_from_tokens(tokens, return_dict=True)
    ((scheduled, added),) = clip.encode_from_tokens_scheduled(tokens, add_dict={"guidance": 3.5})
    for found in (cond, as_dict["cond"], scheduled, clip.encode_from_tokens(tokens)):
        assert torch.equal(found, hidden)
    for found in (pooled, as_dict["pooled_output"], added["pooled_output"]):
        assert torch.equal(found, extra["pooled_output"])
    assert added["guidance"] == 3.5


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({}, 'chunks under "l"'),
        ({"l": []}, 'chunks under "l"'),
        ({"l": [[(1, 1.0)] * 11]}, "12 tokens in each chunk, got 11"),
        ({"l": [[(55, 1.0)] * 12]}, "expected 0 to 54, got 55"),
        ({"l": [[(-1, 1.0)] * 12]}, "expected 0 to 54, got -1"),
        ({"l": [[(1, float("inf"))] * 12]}, "Prompt weight: expected a finite number"),
        ({"l": [[(1, float("nan"))] * 12]}, "Prompt weight: expected a finite number"),
        ({"l": [[(1, 1e39)] * 12]}, "Prompt weight: expected a finite number"),
        ({"l": [[(torch.zeros(5), 1.0)] * 12]}, "vectors of 6 numbers"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(tokens: Mapping[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        make_clip().encode_from_tokens(tokens)  # type: ignore[arg-type]


def test_only_a_clone_changes_its_layer() -> None:
    clip = make_clip()
    clone = clip.clone()
    clone.clip_layer(-2)
    assert (clip.layer, clone.layer) == (-1, -2)
    assert torch.equal(hidden_of(clone, "ab"), hidden_of(clip.with_last_layer(-2), "ab"))
    with pytest.raises(SharedClipError, match="clone"):
        clip.clip_layer(-2)
    with pytest.raises(SharedClipError):
        clone.with_last_layer(-1).clip_layer(-2)


def test_another_network_keeps_tokenizer_embeddings_and_layer() -> None:
    network = FakeNetwork()
    network.table = network.table + 1
    clip = make_clip().with_last_layer(-2)
    patched = clip.with_network(network)
    assert patched.network is network
    assert patched.layer == -2
    text = "a embedding:bad"
    assert patched.prompt_problems(text) == []
    torch.testing.assert_close(
        hidden_of(patched, text), hidden_of(make_clip(network).with_last_layer(-2), text)
    )
    assert not torch.equal(hidden_of(patched, text), hidden_of(clip, text))


def test_held_tensors_are_the_networks() -> None:
    network = FakeNetwork()
    assert any(tensor is network.table for tensor in make_clip(network).held_tensors())
