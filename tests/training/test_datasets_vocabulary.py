"""Vocabularies learned from captions, and their way through a checkpoint's metadata."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FileFormatError
from engine.text.tokenizer import (
    METADATA_KEY,
    ClipTokenizer,
    VocabularyError,
    default_tokenizer,
    tokenizer_in,
    tokenizer_metadata,
)
from engine.training.vocabulary import learn_merges

CAPTIONS = ["a red apple", "a green apple, fruit", "a cat face on a blue background", "一只猫"]


def test_the_most_frequent_pair_is_merged_first() -> None:
    assert learn_merges(["ab ab ab", "cd"], 2)[0] == ("a", "b</w>")


def test_every_word_of_the_captions_becomes_one_token_in_time() -> None:
    tokenizer = ClipTokenizer.from_merges(learn_merges(CAPTIONS, 500))
    assert len(tokenizer.encode("a red apple, fruit")) == 5


def test_the_number_of_merges_is_a_limit() -> None:
    assert len(learn_merges(CAPTIONS, 3)) == 3


def test_learning_twice_gives_the_same_merges() -> None:
    words = [f"{a}{b}{c}" for a in "abcdef" for b in "ghijkl" for c in "mnopqr"]
    assert learn_merges(words, 300) == learn_merges(words, 300)


@given(st.text(max_size=30).filter(lambda text: "<|" not in text))
def test_no_text_is_an_unknown_word(text: str) -> None:
    tokenizer = ClipTokenizer.from_merges(learn_merges(CAPTIONS, 20))
    ids = tokenizer.encode(text)
    assert all(0 <= token < tokenizer.start for token in ids)
    assert bool(ids) == bool(default_tokenizer().encode(text))


def test_a_comma_is_not_the_end_of_the_text() -> None:
    tokenizer = ClipTokenizer.from_merges(learn_merges(["ab"], 1))
    assert tokenizer.end not in tokenizer.encode("a, b!")


def test_special_tokens_follow_the_merges() -> None:
    tokenizer = ClipTokenizer.from_merges([("a", "b</w>")])
    assert (tokenizer.start, tokenizer.end, tokenizer.size) == (513, 514, 515)


def test_merges_that_make_the_same_symbol_leave_no_hole() -> None:
    merges = [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")]
    tokenizer = ClipTokenizer.from_merges(merges)
    assert (tokenizer.end, tokenizer.size) == (516, 517)


def test_a_merge_of_unknown_symbols_is_refused() -> None:
    with pytest.raises(VocabularyError, match="abc"):
        ClipTokenizer.from_merges([("abc", "d")])


def test_a_file_brings_its_tokenizer() -> None:
    merges = learn_merges(CAPTIONS, 500)
    read = tokenizer_in(Path("x"), tokenizer_metadata(merges))
    for caption in CAPTIONS:
        assert read.encode(caption) == ClipTokenizer.from_merges(merges).encode(caption)


def test_a_file_without_one_has_that_of_clip() -> None:
    assert tokenizer_in(Path("x"), {}) is default_tokenizer()


def test_damaged_metadata_is_named() -> None:
    with pytest.raises(FileFormatError, match=METADATA_KEY):
        tokenizer_in(Path("x"), {METADATA_KEY: "a b c\n"})
