"""`Clip`: the CLIP value that links carry, for native nodes and for packs."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

import torch

from engine.errors import EngineError, InvalidValueError
from engine.text.chunks import Chunk, ChunkLayout, WeightedToken
from engine.text.embeddings import EmbeddingLibrary, EmbeddingMatch, unknown_embedding
from engine.text.encode import encode_chunks
from engine.text.network import ClipNetwork
from engine.text.prompt import EmbeddingName, parse_prompt, split_embeddings
from engine.text.tokenizer import ClipTokenizer

Tokens: TypeAlias = dict[str, list[Chunk]]
"""Chunks by text encoder; Stable Diffusion 1.x has one, "l"."""

ENCODER = "l"

_LARGEST_WEIGHT = torch.finfo(torch.float32).max

_log = logging.getLogger(__name__)


@runtime_checkable
class PromptChecker(Protocol):
    """A text encoder that can say what it would leave out of a prompt."""

    def prompt_problems(self, text: str) -> list[str]:
        """Return a sentence for each thing that cannot be used."""
        ...


class SharedClipError(EngineError):
    """Code tried to change a CLIP value that other nodes use too."""

    code = "shared_clip"

    def __init__(self) -> None:
        super().__init__("A CLIP value is shared between nodes: call clone() and change the clone.")


class Clip:
    """Tokenizer, embeddings and text network of one CLIP encoder. Immutable, clones aside.

    Native nodes call `encode` and `with_last_layer`; packs call `tokenize`,
    `encode_from_tokens…`, `clone` and `clip_layer`.
    """

    def __init__(
        self,
        network: ClipNetwork,
        tokenizer: ClipTokenizer,
        embeddings: EmbeddingLibrary | None = None,
        layer: int = -1,
    ) -> None:
        self._network, self._tokenizer, self._embeddings = network, tokenizer, embeddings
        self._layout = ChunkLayout(
            tokenizer.start, tokenizer.end, tokenizer.pad, network.max_tokens
        )
        self._layer = self._checked_layer(layer)
        self._shared = True

    @property
    def network(self) -> ClipNetwork:
        """The text network behind it."""
        return self._network

    @property
    def layer(self) -> int:
        """The layer whose output is used, from the end: -1 is the last."""
        return self._layer

    def encode(self, text: str) -> list[Any]:
        """Return the conditioning of one prompt: [[(1, T, D), {"pooled_output": (1, D)}]].

        Raises: FileFormatError, when an embedding the prompt names is damaged.
        """
        return self.encode_from_tokens_scheduled(self.tokenize(text))

    def with_last_layer(self, layer: int) -> Self:
        """Return an encoder that stops at `layer`.

        Raises: InvalidValueError, when the network has no such layer.
        """
        return type(self)(self._network, self._tokenizer, self._embeddings, layer)

    def with_network(self, network: ClipNetwork) -> Self:
        """Return an encoder with another network, for instance a patched one."""
        return type(self)(network, self._tokenizer, self._embeddings, self._layer)

    def prompt_problems(self, text: str) -> list[str]:
        """Return a sentence for each embedding that `tokenize` would leave out."""
        return [
            match.problem
            for segment in parse_prompt(text)
            for piece in split_embeddings(segment.text)
            if isinstance(piece, EmbeddingName) and (match := self._match(piece)).problem
        ]

    def tokenize(self, text: str) -> Tokens:
        """Return chunks of (token, weight); embeddings that cannot be used are logged.

        Raises: FileFormatError, when an embedding the prompt names is damaged.
        """
        return {ENCODER: self._layout.pack(self._groups(text))}

    def encode_from_tokens(
        self,
        tokens: Mapping[str, list[Chunk]],
        return_pooled: bool = False,
        return_dict: bool = False,
    ) -> Any:
        """Encode what `tokenize` returned, or an edited copy of it.

        Returns: cond (1, T, D); with `return_pooled` a tuple (cond, pooled (1, D)); with
            `return_dict` {"cond": …, "pooled_output": …}.

        Raises: InvalidValueError, when the tokens do not suit this encoder.
        """
        chunks = self._checked_chunks(tokens)
        cond, pooled = encode_chunks(self._network, self._layout, chunks, self._layer)
        if return_dict:
            return {"cond": cond, "pooled_output": pooled}
        return (cond, pooled) if return_pooled else cond

    def encode_from_tokens_scheduled(
        self, tokens: Mapping[str, list[Chunk]], add_dict: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Return conditioning; `add_dict` is merged into its dict."""
        cond, pooled = self.encode_from_tokens(tokens, return_pooled=True)
        return [[cond, {"pooled_output": pooled, **(add_dict or {})}]]

    def clone(self) -> Self:
        """Return a copy that belongs to the caller: `clip_layer` may change it."""
        twin = copy.copy(self)
        twin._shared = False
        return twin

    def clip_layer(self, layer: int) -> None:
        """Make a clone stop at `layer`, counted from the end.

        Raises: InvalidValueError, when the network has no such layer; SharedClipError, when this
            is no clone.
        """
        if self._shared:
            raise SharedClipError
        self._layer = self._checked_layer(layer)

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the tensors in memory now."""
        return self._network.held_tensors()

    def _groups(self, text: str) -> Iterator[list[WeightedToken]]:
        for segment in parse_prompt(text):
            for piece in split_embeddings(segment.text):
                if isinstance(piece, str):
                    yield self._weighted(piece, segment.weight)
                    continue
                match = self._match(piece)
                if match.problem:
                    _log.info("%s", match.problem)  # `prompt_problems` is for artists
                if match.vectors is not None:
                    yield [(vector, segment.weight) for vector in match.vectors]
                yield self._weighted(match.rest, segment.weight)

    def _weighted(self, text: str, weight: float) -> list[WeightedToken]:
        return [(token, weight) for token in self._tokenizer.encode(text)]

    def _match(self, mention: EmbeddingName) -> EmbeddingMatch:
        if self._embeddings is None:
            return unknown_embedding(mention.name)
        return self._embeddings.match(mention.name, self._network.width)

    def _checked_layer(self, layer: int) -> int:
        layers = self._network.layers
        if not -layers <= layer <= -1:
            raise InvalidValueError(
                "CLIP layer", layer, f"-{layers} to -1", "This text encoder has no other layers."
            )
        return layer

    def _checked_chunks(self, tokens: Mapping[str, list[Chunk]]) -> list[Chunk]:
        chunks = tokens.get(ENCODER)
        if not chunks:
            raise InvalidValueError("CLIP tokens", sorted(tokens), f'chunks under "{ENCODER}"')
        for chunk in chunks:
            if len(chunk) != self._layout.length:
                expected = f"{self._layout.length} tokens in each chunk"
                raise InvalidValueError("CLIP tokens", len(chunk), expected)
            for token, weight in chunk:
                self._check_token(token, weight)
        return chunks

    def _check_token(self, token: int | torch.Tensor, weight: float) -> None:
        if not abs(weight) <= _LARGEST_WEIGHT:  # a NaN is not either
            raise InvalidValueError("Prompt weight", weight, "a finite number (float32)")
        if isinstance(token, torch.Tensor):
            if token.shape != (self._network.width,):
                expected = f"vectors of {self._network.width} numbers"
                raise InvalidValueError("CLIP tokens", tuple(token.shape), expected)
        elif not 0 <= token < self._tokenizer.size:
            raise InvalidValueError("CLIP token", token, f"0 to {self._tokenizer.size - 1}")
