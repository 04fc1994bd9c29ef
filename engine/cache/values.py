"""What a cached value weighs, and moving its tensors between devices.

A tensor weighs what its storage weighs, and a storage counts once however many views share it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch

StorageId: TypeAlias = tuple[str, int]
"""(device, address): distinct for storages alive at the same time."""


@dataclass(slots=True)
class Footprint:
    """Bytes a value keeps alive.

    Attributes:
        storages: Bytes by storage, CPU and device alike.
        other_bytes: Everything that is no tensor; a lower bound for opaque objects.
        device_bytes: Bytes of `storages` on an accelerator.
        opaque: More than plain containers, plain values and tensors is in it: it cannot be moved.
        weights: Objects with tensors of their own (`HoldsTensors`: models) are in it.
    """

    storages: dict[StorageId, int] = field(default_factory=dict)
    other_bytes: int = 0
    device_bytes: int = 0
    opaque: bool = False
    weights: bool = False

    @property
    def total_bytes(self) -> int:
        """Storages and everything else."""
        return sum(self.storages.values()) + self.other_bytes


def device_of(tensor: torch.Tensor) -> str:
    """Return the name of a tensor's device: "cpu", "cuda:0" …."""
    return str(tensor.device)


def move(tensor: torch.Tensor, device: str) -> torch.Tensor:
    """Return the tensor on a device."""
    return tensor.to(device)


def footprint(value: object, where: Callable[[torch.Tensor], str] = device_of) -> Footprint:
    """Weigh a value: dicts, lists, tuples, sets, dataclasses, modules and what they contain.

    Args:
        where: Names a tensor's device.
    """
    found = Footprint()
    seen: set[int] = set()
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, torch.Tensor):
            _add_tensor(found, item, where)
        elif isinstance(item, np.ndarray):
            _add_array(found, item)
        else:
            found.other_bytes += sys.getsizeof(item)
            pending.extend(_contents(found, item))
    return found


def _contents(found: Footprint, item: Any) -> Iterable[Any]:
    """List what else an object keeps alive; note when it is more than a plain value."""
    if type(item) not in _PLAIN_TYPES:
        found.opaque = True
    if isinstance(item, Mapping):
        return [*item.keys(), *item.values()]
    if isinstance(item, (list, tuple, set, frozenset)):
        return item
    if item is None or isinstance(item, (str, bytes, int, float)):
        return ()
    # Asked of the class: objects of packs may answer any attribute name.
    if callable(getattr(type(item), "held_tensors", None)):
        found.weights = True
        return list(item.held_tensors())
    if isinstance(item, torch.nn.Module):
        found.weights = True
        return [*item.parameters(), *item.buffers()]
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return [getattr(item, f.name) for f in dataclasses.fields(item) if hasattr(item, f.name)]
    return ()


_PLAIN_TYPES = frozenset({dict, list, tuple, str, bytes, int, float, bool, type(None)})


def _add_tensor(
    found: Footprint, tensor: torch.Tensor, where: Callable[[torch.Tensor], str]
) -> None:
    found.other_bytes += _TENSOR_OBJECT_BYTES
    if type(tensor) is not torch.Tensor or tensor.layout is not torch.strided:
        found.opaque = True
    if tensor.layout is not torch.strided:
        return
    if tensor.is_meta:
        return
    storage = tensor.untyped_storage()
    _add_storage(found, where(tensor), storage.data_ptr(), storage.nbytes())


def _add_array(found: Footprint, array: np.ndarray[Any, Any]) -> None:
    found.other_bytes += _TENSOR_OBJECT_BYTES
    found.opaque = True  # not written to disk
    while isinstance(array.base, np.ndarray):
        array = array.base
    _add_storage(found, "cpu", array.__array_interface__["data"][0], array.nbytes)


def _add_storage(found: Footprint, device: str, address: int, size: int) -> None:
    if (device, address) in found.storages:
        return
    found.storages[device, address] = size
    if device != "cpu":
        found.device_bytes += size


_TENSOR_OBJECT_BYTES = 100  # the Python and C++ objects around a storage, roughly


def map_tensors(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return a copy of lists, tuples and dicts with each tensor changed; other values as they are.

    The walk meets tensors in a fixed order. Nothing of `value` is modified.
    """
    kind = type(value)
    if kind is torch.Tensor:
        return change(value)
    if kind is dict:
        return {key: map_tensors(item, change) for key, item in value.items()}
    if kind is list or kind is tuple:
        return kind(map_tensors(item, change) for item in value)
    return value
