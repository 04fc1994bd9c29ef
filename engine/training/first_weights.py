"""First weights for networks that were described without any."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def with_first_weights(network: NetworkT, seed: int) -> NetworkT:
    """Give a network on the meta device random weights on the CPU, float32, and return it.

    Each layer draws as torch does by default; embeddings from a normal distribution of deviation
    0.02 (arXiv:2103.00020, the CLIP code). The global generator is left as it was.
    """
    network.to_empty(device=torch.device("cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            elif isinstance(module, nn.Linear | nn.Conv2d | nn.GroupNorm | nn.LayerNorm):
                module.reset_parameters()
    return network
