"""Lays tokens out in chunks of the length a CLIP network takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch

Token: TypeAlias = int | torch.Tensor
"""A vocabulary id, or the (D,) vector that an embedding puts in a token's place."""
WeightedToken: TypeAlias = tuple[Token, float]
Chunk: TypeAlias = list[WeightedToken]

# Groups shorter than this stay whole where a chunk ends, as in ComfyUI, so that the same prompt
# gives the same chunks.
KEEP_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class ChunkLayout:
    """The shape of a chunk: start token, at most `length` - 2 tokens, end token, padding.

    Attributes:
        start, end, pad: Token ids.
        length: Tokens in a chunk, at least 3.
    """

    start: int
    end: int
    pad: int
    length: int

    @property
    def capacity(self) -> int:
        """Tokens of text that fit into a chunk."""
        return self.length - 2

    def pack(self, groups: Iterable[Sequence[WeightedToken]]) -> list[Chunk]:
        """Lay out groups of tokens in order; no group at all still gives one chunk.

        A group that does not fit into the rest of a chunk moves to the next one when it is short
        (`KEEP_TOGETHER`) and fits there; a longer one is split.
        """
        texts: list[list[WeightedToken]] = [[]]
        for group in groups:
            room = self.capacity - len(texts[-1])
            if room < len(group) < min(KEEP_TOGETHER, self.capacity + 1):
                texts.append([])
                room = self.capacity
            texts[-1].extend(group[:room])
            for at in range(room, len(group), self.capacity):
                texts.append(list(group[at : at + self.capacity]))
        return [self._frame(text) for text in texts]

    def _frame(self, text: Sequence[WeightedToken]) -> Chunk:
        framed: Chunk = [(self.start, 1.0), *text, (self.end, 1.0)]
        return framed + [(self.pad, 1.0)] * (self.length - len(framed))

    def end_position(self, chunk: Chunk) -> int:
        """Return where a chunk's first end token stands, or its last place when it has none."""
        for position, (token, _) in enumerate(chunk):
            if not isinstance(token, torch.Tensor) and token == self.end:
                return position
        return len(chunk) - 1
