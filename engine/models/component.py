"""A component: one network of a model file, described but not yet in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from engine.models.reading import WeightFile


@dataclass(frozen=True, eq=False)
class Component:
    """A network to build and where its weights lie.

    Attributes:
        key: Names it uniquely, the file's version included.
        label: What an artist calls it, for instance "diffusion model".
        source: The file.
        names: Weight of the network -> weight in the file.
        build: Makes the network on the meta device.
    """

    key: str
    label: str
    source: WeightFile
    names: Mapping[str, str]
    build: Callable[[], nn.Module]


class Patch(Protocol):
    """A change to weights, made on the copy that is placed on the device. Immutable, hashable."""

    def touches(self, name: str) -> bool:
        """Whether the weight of that name in the network changes."""
        ...

    def apply(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """Return the changed weight; `weight` is float32 and may be written to."""
        ...
