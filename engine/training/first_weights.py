"""First weights for networks that were described without any."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

# CLIP's own 0.02 suits its scaled layers. Beside layers drawn as here, words would drown in what
# each layer adds, and a diffusion model would ignore its prompts for thousands of steps.
_EMBEDDING_DEVIATION = 0.3

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def with_first_weights(network: NetworkT, seed: int) -> NetworkT:
    """Give a network on the meta device random weights on the CPU, float32, and return it.

    Each layer draws as torch does by default; embeddings from a normal distribution of deviation
    0.3. The global generator is left as it was.
    """
    network.to_empty(device=torch.device("cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=_EMBEDDING_DEVIATION)
            elif isinstance(module, nn.Linear | nn.Conv2d | nn.GroupNorm | nn.LayerNorm):
                module.reset_parameters()
    return network
