"""A seeded stand-in for a CLIP text network, and one around a tiny one of transformers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from engine.text.network import ClipForward
from engine.text.tokenizer import ClipTokenizer


def letter_tokenizer() -> ClipTokenizer:
    """A vocabulary of lower-case letters: the text "ab c" has the tokens a, b, c."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    symbols = [*letters, *(f"{x}</w>" for x in letters), "<s>", "<e>", "<p>"]
    vocabulary = {symbol: i for i, symbol in enumerate(symbols)}
    return ClipTokenizer.from_vocabulary(vocabulary, [], start="<s>", end="<e>", pad="<p>")


class FakeNetwork:
    """Mixes each token with the mean of those before it; counts its forward passes."""

    def __init__(
        self, width: int = 6, layers: int = 3, max_tokens: int = 12, tokens: int = 55
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        self.width, self.layers, self.max_tokens = width, layers, max_tokens
        self.table = torch.randn(tokens, width, generator=generator)
        self.positions = torch.randn(max_tokens, width, generator=generator)
        self.mixers = torch.randn(layers, width, width, generator=generator)
        self.batches: list[tuple[int, ...]] = []
        self.eos: list[list[int]] = []

    @contextmanager
    def loaded(self) -> Iterator[ClipForward]:
        yield self

    def held_tensors(self) -> Iterable[torch.Tensor]:
        return [self.table, self.positions, self.mixers]

    def token_embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table[ids]

    def __call__(
        self, embeddings: torch.Tensor, eos_positions: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.batches.append(tuple(embeddings.shape))
        self.eos.append(eos_positions.tolist())
        hidden = embeddings + self.positions
        count = torch.arange(1, hidden.shape[1] + 1)[:, None]
        states = []
        for mixer in self.mixers:
            hidden = torch.tanh(hidden + (hidden.cumsum(1) / count) @ mixer)
            states.append(hidden)
        return states[layer], states[-1][torch.arange(len(hidden)), eos_positions]


class TransformersNetwork:
    """A `transformers` CLIPTextModel behind the network protocol."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.width = model.config.hidden_size
        self.layers = model.config.num_hidden_layers
        self.max_tokens = model.config.max_position_embeddings

    @contextmanager
    def loaded(self) -> Iterator[ClipForward]:
        yield self

    def held_tensors(self) -> Iterable[torch.Tensor]:
        return list(self.model.parameters())

    def token_embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.model.get_input_embeddings()(ids)
        return found

    def __call__(
        self, embeddings: torch.Tensor, eos_positions: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = embeddings + self.model.embeddings.position_embedding.weight
        length = hidden.shape[1]
        causal = torch.full((length, length), float("-inf")).triu(1)[None, None]
        states = []
        for block in self.model.encoder.layers:
            hidden = block(hidden, attention_mask=causal)
            states.append(hidden)
        last = self.model.final_layer_norm(states[-1])
        rows = torch.arange(len(last))
        return self.model.final_layer_norm(states[layer]), last[rows, eos_positions]


class FakeFiles:
    """Embedding files that exist by name only."""

    def __init__(self, *names: str) -> None:
        self.listed = sorted(names)

    def names(self, key: str) -> list[str]:
        assert key == "embeddings"
        return self.listed

    def resolve(self, key: str, name: str) -> Path:
        assert name in self.listed
        return Path(key, name)
