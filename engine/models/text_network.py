"""A CLIP text network as the text package uses it: embeddings in, any layer's states out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch

from engine.models.component import Component, Patch
from engine.models.residency import Residency


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipTextNetwork:
    """A text network, loaded or not.

    Attributes:
        width: Length of a token's vector.
        layers: Transformer layers.
        max_tokens: Tokens in a chunk, start and end included.
        vocabulary: Tokens it has vectors for.
        patches: Applied to the weights in this order when they are placed.
    """

    component: Component
    residency: Residency
    width: int
    layers: int
    max_tokens: int
    vocabulary: int
    patches: tuple[Patch, ...] = ()

    @contextmanager
    def loaded(self) -> Iterator[ClipTextForward]:
        """Bring the weights onto the compute device for the length of the block."""
        with self.residency.use(self.component, self.patches) as network:
            yield ClipTextForward(network)

    def with_patches(self, patches: Iterable[Patch]) -> Self:
        """Return a network with further patches, applied after the present ones."""
        return dataclasses.replace(self, patches=(*self.patches, *patches))

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the memory the weights take now."""
        return self.residency.held(self.component)


class ClipTextForward:
    """The network with its weights in place."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def token_embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the vectors (B, T, D) of token ids (B, T) int64, positions not yet added."""
        table: torch.Tensor = self._network.embeddings.token_embedding.weight
        return torch.nn.functional.embedding(ids.to(table.device), table)

    @torch.no_grad()
    def __call__(
        self, embeddings: torch.Tensor, eos_positions: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's states and the pooled vector.

        Args:
            embeddings: (B, T, D) as `token_embeddings` gives them; positions are added here.
            eos_positions: (B,) int64, where each row's end token stands.
            layer: -1 is the last layer, -2 the one before it.

        Returns: hidden (B, T, D) after the final layer norm, and pooled (B, D): the last layer's
            normed state at the end token.
        """
        positions = self._network.embeddings.position_embedding.weight
        length = embeddings.shape[1]
        states = embeddings.to(positions.device, positions.dtype) + positions[:length]
        # A token sees itself and those before it.
        mask = torch.full((1, 1, length, length), -torch.inf, device=states.device).triu(1)
        hidden = states
        blocks = self._network.encoder.layers
        for number, block in enumerate(blocks):
            states = block(states, attention_mask=mask.to(states.dtype))
            if number == len(blocks) + layer:
                hidden = states
        norm = self._network.final_layer_norm
        last = norm(states)
        pooled = last[torch.arange(len(last), device=last.device), eos_positions.to(last.device)]
        return (last if layer == -1 else norm(hidden)), pooled
