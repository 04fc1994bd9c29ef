"""Puts a component's weights onto a device: cast, patched, laid out, in one allocation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from engine.errors import FileFormatError
from engine.models.component import Component, Patch

_ALIGNMENT: Final = 64  # bytes; one cache line, and enough for every vector instruction


@dataclass(slots=True)
class Placed:
    """A network with its weights in place.

    Attributes:
        arena: Holds every weight that had to be copied; weights used as they lie in the mapped
            file are not in it. One allocation, so dropping it gives all its memory back.
        users: How many blocks use the network now.
    """

    network: nn.Module
    arena: torch.Tensor
    users: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes on the device; pages of the mapped file are the system's to take back."""
        return self.arena.nbytes

    def clear(self) -> None:
        """Let the weights go now, whatever still refers to the network."""
        self.network.to("meta")
        self.arena = torch.empty(0, dtype=torch.uint8)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A weight's place in the arena; `offset` is None when the file's own bytes serve."""

    name: str
    source: str
    shape: torch.Size
    dtype: torch.dtype
    offset: int | None
    patches: tuple[Patch, ...]


def placed_bytes(component: Component, dtype: torch.dtype) -> int:
    """Return an upper bound of the bytes `place` allocates without patches."""
    shapes = (component.source.tensors[name].shape for name in component.names.values())
    return sum(math.prod(shape) * dtype.itemsize + _ALIGNMENT for shape in shapes)


def place(
    component: Component, patches: Iterable[Patch], device: torch.device, dtype: torch.dtype
) -> Placed:
    """Build the network and give it its weights on `device` in `dtype`.

    Peak memory is the placed weights plus one tensor. 3×3 convolutions are laid out channels
    last, which CPU and CUDA kernels prefer.

    Raises: FileFormatError, when the file lacks a weight or one has another shape.
    """
    network = component.build()
    slots = _plan(component, network, tuple(patches), device, dtype)
    component.source.prefetch(slot.source for slot in slots)
    size = sum(_padded(slot) for slot in slots if slot.offset is not None)
    arena = torch.empty(size, dtype=torch.uint8, device=device)
    with torch.no_grad():
        weights = {slot.name: _weight(component, slot, arena) for slot in slots}
    network.load_state_dict(weights, strict=True, assign=True)
    return Placed(network.requires_grad_(False).eval(), arena)


def _plan(
    component: Component,
    network: nn.Module,
    patches: tuple[Patch, ...],
    device: torch.device,
    dtype: torch.dtype,
) -> list[_Slot]:
    slots: list[_Slot] = []
    end = 0
    for name, wanted in network.state_dict().items():
        source = _find(component, name, wanted.shape)
        touching = tuple(patch for patch in patches if patch.touches(name))
        lies_right = device.type == "cpu" and not _channels_last(wanted.shape)
        keep = lies_right and not touching and component.source.dtype(source) == dtype
        slot = _Slot(name, source, wanted.shape, dtype, None if keep else end, touching)
        end += 0 if keep else _padded(slot)
        slots.append(slot)
    return slots


def _find(component: Component, name: str, wanted: torch.Size) -> str:
    source, path = component.names.get(name), component.source.path
    info = component.source.tensors.get(source) if source else None
    if source is None or info is None:
        raise FileFormatError(path, f'its {component.label} lacks the weight "{name}"')
    # A 1×1 convolution and a linear layer hold the same numbers in the same order.
    if _bare(info.shape) != _bare(wanted):
        raise FileFormatError(
            path, f'weight "{source}" has shape {list(info.shape)}, expected {list(wanted)}'
        )
    return source


def _bare(shape: Iterable[int]) -> tuple[int, ...]:
    sizes = tuple(shape)
    return sizes[:2] if sizes[2:] == (1,) * len(sizes[2:]) else sizes


def _channels_last(shape: torch.Size) -> bool:
    return len(shape) == 4 and shape[2:] != (1, 1)


def _padded(slot: _Slot) -> int:
    size = slot.shape.numel() * slot.dtype.itemsize
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _weight(component: Component, slot: _Slot, arena: torch.Tensor) -> torch.Tensor:
    source = component.source[slot.source].view(slot.shape)
    if slot.offset is None:
        return source
    size = slot.shape.numel() * slot.dtype.itemsize
    flat = arena[slot.offset : slot.offset + size].view(slot.dtype)
    if _channels_last(slot.shape):
        outputs, inputs, height, width = slot.shape
        target = flat.view(outputs, height, width, inputs).permute(0, 3, 1, 2)
    else:
        target = flat.view(slot.shape)
    target.copy_(_patched(slot, source, arena.device) if slot.patches else source)
    component.source.release(slot.source)
    return target


def _patched(slot: _Slot, source: torch.Tensor, device: torch.device) -> torch.Tensor:
    weight = source.to(device, torch.float32, copy=True)
    for patch in slot.patches:
        weight = patch.apply(slot.name, weight)
    return weight
