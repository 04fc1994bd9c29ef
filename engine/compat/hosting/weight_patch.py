"""Changes to weights that packs hand over as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from engine.compat.hosting.missing import NotOfferedError
from engine.errors import InvalidValueError
from engine.models.component import Component

_PREFIX = "diffusion_model."


@dataclass(frozen=True, eq=False)
class DifferencePatch:
    """W' = strength_model W + strength D. Equal only to itself: tensors have no cheap identity.

    Attributes:
        differences: D by the weight's name in the network.
        keys: The same weights by the names packs use.
    """

    differences: Mapping[str, torch.Tensor]
    keys: list[str]
    strength: float
    strength_model: float

    def touches(self, name: str) -> bool:
        """Whether the weight of that name changes."""
        return name in self.differences

    def apply(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """Return `weight` (float32, written to) with the change made."""
        change = self.differences[name].to(weight.device, torch.float32)
        if change.numel() != weight.numel():
            raise InvalidValueError(
                f'Weight patch "{name}"', list(change.shape), f"the shape {list(weight.shape)}"
            )
        change = change.reshape(weight.shape)
        return weight.mul_(self.strength_model).add_(change, alpha=self.strength)


def difference_patch(
    component: Component, patches: Mapping[Any, Any], strength: float, strength_model: float
) -> DifferencePatch:
    """Read patches as packs write them; names that the network lacks are left out of `keys`.

    Raises: NotOfferedError, for a kind of patch other than a difference.
    """
    known = {_pack_name(stored): name for name, stored in component.names.items()}
    found = {key: _difference(key, value) for key, value in patches.items() if key in known}
    return DifferencePatch(
        {known[key]: change for key, change in found.items()}, list(found), strength, strength_model
    )


def _pack_name(stored: str) -> str:
    return _PREFIX + stored.removeprefix("model.").removeprefix(_PREFIX)


def _difference(key: str, value: Any) -> torch.Tensor:
    match value:
        case torch.Tensor():
            return value
        case (torch.Tensor() as change,):
            return change
        case ("diff", (torch.Tensor() as change, *_)):
            return change
    raise NotOfferedError(f'add_patches with a patch for "{key}" that is no difference of weights')
