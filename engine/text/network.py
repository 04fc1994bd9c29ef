"""What this package asks of a CLIP text network; the network itself lives with the models."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

import torch


class ClipForward(Protocol):
    """A CLIP text network with its weights in place on the compute device."""

    def token_embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        """Look up the vectors of tokens, without positions.

        Args:
            ids: (B, T) int64, on any device.

        Returns: (B, T, D) in the compute dtype, on the compute device; not written to.
        """
        ...

    def __call__(
        self, embeddings: torch.Tensor, eos_positions: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the network.

        Args:
            embeddings: (B, T, D), T <= max_tokens, as `token_embeddings` returns them: positions
                are added here.
            eos_positions: (B,) int64, on any device: where each row's end token stands.
            layer: Layer whose output is wanted, counted from the end: -1 is the last. The final
                layer norm follows whichever layer is chosen.

        Returns: hidden (B, T, D) and pooled (B, D): the last layer's normed output at the end
            token, projected where the network has a projection.
        """
        ...


class ClipNetwork(Protocol):
    """A CLIP text network, loaded or not. Immutable."""

    @property
    def width(self) -> int:
        """D, the length of a token's vector."""
        ...

    @property
    def layers(self) -> int:
        """Number of transformer layers."""
        ...

    @property
    def max_tokens(self) -> int:
        """Positions the network has, start and end tokens included."""
        ...

    def loaded(self) -> AbstractContextManager[ClipForward]:
        """Bring the weights onto the compute device for the length of the block."""
        ...

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the tensors in memory now."""
        ...
