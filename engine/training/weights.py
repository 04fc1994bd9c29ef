"""The weights of an objective's networks by name: "network.weight"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def named_weights(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Return parameters and floating buffers, as they lie in the networks."""
    return {
        f"{network_name}.{name}": tensor
        for network_name, network in networks.items()
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
        if tensor.is_floating_point()
    }


def trained_weights(networks: Mapping[str, nn.Module]) -> dict[str, list[Tensor]]:
    """Return the weights that get gradients, by network; networks without any are left out."""
    found: dict[str, list[Tensor]] = {
        name: [weight for weight in network.parameters() if weight.requires_grad]
        for name, network in networks.items()
    }
    return {name: weights for name, weights in found.items() if weights}


@torch.no_grad()
def copy_weights(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    """Write each tensor of `source` over the one of that name in `target`."""
    for name, tensor in source.items():
        target[name].copy_(tensor)


@contextmanager
def exchanged(
    networks: Mapping[str, nn.Module], weights: Mapping[str, Tensor], other: Mapping[str, Tensor]
) -> Iterator[None]:
    """Have other weights in networks, set to evaluation, for the length of the block."""
    present = {name: weights[name].detach().clone() for name in other}
    modes = {name: network.training for name, network in networks.items()}
    for network in networks.values():
        network.eval()
    copy_weights(other, weights)
    try:
        yield
    finally:
        copy_weights(present, weights)
        for name, network in networks.items():
            network.train(modes[name])


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors under a prefix, by the rest of their names."""
    return {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
