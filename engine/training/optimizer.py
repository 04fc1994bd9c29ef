"""The optimiser of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.training.settings import TrainSettings


def make_optimizer(
    trained: Mapping[str, Sequence[Tensor]], settings: TrainSettings
) -> torch.optim.AdamW:
    """Return AdamW for weights by network; biases and norms do not decay (arXiv:1711.05101)."""
    weights = [weight for network in trained.values() for weight in network]
    wide = [weight for weight in weights if weight.dim() > 1]
    narrow = [weight for weight in weights if weight.dim() <= 1]
    groups: list[dict[str, Any]] = [
        {"params": wide, "weight_decay": settings.weight_decay},
        {"params": narrow, "weight_decay": 0.0},
    ]
    # Fused: one pass over the weights instead of a dozen.
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)
