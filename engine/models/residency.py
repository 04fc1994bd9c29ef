"""Residency: which weights are in memory, what goes when another network needs the place.

Three tiers, from fast to slow: the device (weights in the compute dtype, patched, ready to use),
the system's page cache (the mapped file as it is, half as large for a 16-bit file) and the disk.
Weights move up when a network is used. They never move down by copying: a placed network is
simply dropped, since its file is still in the page cache and casting it again costs about a
second for 3 GB; the system keeps the file cached as long as RAM allows.

- CPU: placed weights that nobody uses may take `idle_bytes` together; the rest goes when another
  network is about to be placed, least recently used first. So the text network makes room for the
  UNet, and the UNet for the VAE's activations. A small model is never dropped.
- CUDA: idle networks stay until the free memory does not suffice for the next.
"""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import torch
from torch import nn

from engine.models.component import Component, Patch
from engine.models.memory import available_on
from engine.models.placement import Placed, place, placed_bytes

DEFAULT_IDLE_BYTES: Final = 256 << 20
"""Keeps SD 1.5 at 512×512 under 4.6 GB in float32 for about 2 s a picture, which takes minutes."""
_Key: TypeAlias = tuple[str, tuple[Patch, ...], torch.dtype]  # component, patches, dtype
_HEADROOM_BYTES: Final = 256 << 20


class Residency:
    """Places networks on one device. Safe to use from several threads.

    Args:
        device: Where networks compute.
        dtype: Compute dtype; None for float32 on CPU (16-bit arithmetic is slower there) and
            float16 on CUDA.
        idle_bytes: See the module text; None for no limit but the free memory.
    """

    def __init__(
        self,
        device: torch.device,
        *,
        dtype: torch.dtype | None = None,
        idle_bytes: int | None = DEFAULT_IDLE_BYTES,
    ) -> None:
        self.device = device
        self.dtype = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
        self.idle_bytes = idle_bytes if device.type == "cpu" else None
        self._placed: OrderedDict[_Key, Placed] = OrderedDict()
        self._lock = threading.RLock()

    @contextmanager
    def use(
        self,
        component: Component,
        patches: tuple[Patch, ...] = (),
        *,
        working_bytes: int = 0,
        dtype: torch.dtype | None = None,
    ) -> Iterator[nn.Module]:
        """Have a network in place for the length of the block.

        Args:
            patches: Applied to its weights in this order.
            working_bytes: What computing will need besides the weights.
            dtype: Instead of the residency's own.

        Raises: FileFormatError, when the file does not fit the network.
        """
        dtype = dtype or self.dtype
        key = (component.key, patches, dtype)
        with self._lock:
            self._make_room(key, component, working_bytes, dtype)
            if key not in self._placed:
                self._placed[key] = place(component, patches, self.device, dtype)
            self._placed.move_to_end(key)
            entry = self._placed[key]
            entry.users += 1
        try:
            yield entry.network
        finally:
            with self._lock:
                entry.users -= 1

    def held(self, component: Component) -> list[torch.Tensor]:
        """List the memory a component takes now, one tensor for each placed variant."""
        with self._lock:
            return [e.arena for key, e in self._placed.items() if key[0] == component.key]

    def placed_bytes(self) -> int:
        """Return the bytes all placed networks take on the device."""
        with self._lock:
            return sum(entry.nbytes for entry in self._placed.values())

    def free_all(self) -> int:
        """Drop every network that is not in use, before an out-of-memory retry.

        Returns: The bytes given back.
        """
        with self._lock:
            before = self.placed_bytes()
            for key in self._idle():
                self._drop(key)
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            return before - self.placed_bytes()

    def _make_room(
        self, key: _Key, component: Component, working_bytes: int, dtype: torch.dtype
    ) -> None:
        """Drop idle networks, least recently used first, until the policy is satisfied."""
        needed = working_bytes + _HEADROOM_BYTES
        if key not in self._placed:
            needed += placed_bytes(component, dtype)
        for candidate in self._idle():
            if candidate == key:
                continue
            others = sum(self._placed[k].nbytes for k in self._idle() if k != key)
            over = self.idle_bytes is not None and others > self.idle_bytes
            if not over and available_on(self.device) >= needed:
                return
            self._drop(candidate)

    def _idle(self) -> list[_Key]:
        return [key for key, entry in self._placed.items() if entry.users == 0]

    def _drop(self, key: _Key) -> None:
        self._placed.pop(key).clear()
