"""Learns a CLIP vocabulary from captions, for a text encoder that is trained from nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable

from engine.text.tokenizer import byte_letters, split_as_clip


def learn_merges(captions: Iterable[str], count: int) -> list[tuple[str, str]]:
    """Return up to `count` byte pair merges, the most frequent pairs first.

    Fewer are returned when every word of the captions has become one token. Any other text can
    still be written: a vocabulary built of merges has every byte, inside a word and at its end.

    Source: arXiv:1508.07909, Algorithm 1, on bytes as in openai/CLIP.
    """
    from tokenizers import Tokenizer, models, trainers

    letters = byte_letters()
    symbols = [*letters, *(f"{letter}</w>" for letter in letters)]
    backend = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    split_as_clip(backend)
    trainer = trainers.BpeTrainer(
        vocab_size=len(symbols) + count,
        min_frequency=1,
        special_tokens=symbols,  # given, their order is fixed; found, it differs between runs
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    backend.train_from_iterator(captions, trainer)
    merges = json.loads(backend.to_str())["model"]["merges"]
    return [(first, second) for first, second in merges][:count]
