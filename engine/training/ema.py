"""The moving average of weights, which makes better pictures than the last weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor


class WeightAverage:
    """An exponential moving average of named weights.

    The share kept is min(decay, (1 + n) / (10 + n)) at the n-th update, so that the random first
    weights are soon forgotten. Source: the warm-up of tf.train.ExponentialMovingAverage.

    Attributes:
        tensors: The average by weight name.
        updates: n above.
    """

    def __init__(
        self, weights: Mapping[str, Tensor], decay: float, *, copied: Collection[str] = ()
    ) -> None:
        """Start from copies of `weights`; those in `copied` are copied at each update."""
        self.tensors = {name: weight.detach().clone() for name, weight in weights.items()}
        self.updates = 0
        self._decay = decay
        self._weights = weights
        self._copied = [name for name in weights if name in copied]
        self._averaged = [name for name in weights if name not in copied]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the present weights."""
        self.updates += 1
        kept = min(self._decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(
            [self.tensors[name] for name in self._averaged],
            [self._weights[name].detach() for name in self._averaged],
            1 - kept,
        )
        for name in self._copied:
            self.tensors[name].copy_(self._weights[name])
