"""CostCache: device, RAM and disk, each bounded in bytes; what is worth least goes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from engine.cache import values
from engine.cache.disk import DiskTier
from engine.cache.store import Entry, Found, ResultCache, TierName, TierReport
from engine.cache.tier import Kept, MemoryTier
from engine.cache.values import Footprint, footprint, map_tensors


@dataclass(frozen=True, slots=True)
class _Resting:
    """An entry in memory; `devices` says where its tensors were before they moved to RAM."""

    entry: Entry
    devices: tuple[str, ...] = ()


class CostCache(ResultCache):
    """The default cache.

    A value with tensors on an accelerator rests there while there is room, moves to RAM when
    there is not, and back when it is used. What is dearer to compute than to read goes to disk
    when it is put, so a crash loses nothing. Models (`HoldsTensors`) are counted apart: those of
    the current prompt always stay, because whether weights are in memory is not decided here;
    others stay while together they are under `ram_bytes`. They never go to disk.

    Args:
        where: Names a tensor's device.
        move: Returns a tensor on a device.
    """

    def __init__(
        self,
        *,
        ram_bytes: int,
        device_bytes: int,
        disk: DiskTier | None = None,
        where: Callable[[torch.Tensor], str] = values.device_of,
        move: Callable[[torch.Tensor, str], torch.Tensor] = values.move,
    ) -> None:
        super().__init__()
        self._device: MemoryTier[_Resting] = MemoryTier(device_bytes)
        self._ram: MemoryTier[_Resting] = MemoryTier(ram_bytes)
        self._models: MemoryTier[_Resting] = MemoryTier(ram_bytes)
        self._memory: Mapping[TierName, MemoryTier[_Resting]] = {
            "device": self._device,
            "ram": self._ram,
            "models": self._models,
        }
        self._disk = disk
        self._where, self._move = where, move
        self._current: set[str] = set()

    def clear(self) -> None:
        """Drop every entry, on disk too."""
        super().clear()
        if self._disk is not None:
            self._disk.clear()

    def close(self) -> None:
        """Finish what is being written and let go of values, files and threads."""
        super().close()
        if self._disk is not None:
            self._disk.close()

    def _begin(self, digests: set[str]) -> None:
        self._current = digests
        self._shrink()

    def _end(self) -> None:
        pass

    def _peek(self, digest: str) -> Found | None:
        for name, tier in self._memory.items():
            kept = tier.peek(digest)
            if kept is not None:
                return Found(name, kept.seconds, kept.footprint.total_bytes)
        stored = self._disk.peek(digest) if self._disk is not None else None
        return Found("disk", *stored) if stored is not None else None

    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        found = self._peek(digest)
        if found is None:
            return None
        if found.tier == "disk":
            return self._read(digest, found)
        if self._disk is not None:
            self._disk.touch(digest)
        kept = self._memory[found.tier].get(digest)
        if kept is None:
            return None
        if not kept.value.devices:
            return kept.value.entry, found
        _, uses = self._ram.remove(digest)
        return self._wake(digest, kept.value, uses), found

    def _read(self, digest: str, found: Found) -> tuple[Entry, Found] | None:
        assert self._disk is not None
        stored = self._disk.get(digest)
        if stored is None:
            return None
        entry, devices = stored
        return self._wake(digest, _Resting(entry, devices), 1), found

    def _wake(self, digest: str, resting: _Resting, uses: int) -> Entry:
        """Bring an entry's tensors back to their devices and keep it there."""
        entry = resting.entry
        if resting.devices:
            try:
                entry = self._to_devices(resting)
            except torch.OutOfMemoryError:
                self._empty("device", "the device ran out of memory")
                entry = self._to_devices(resting)
        self._add(digest, entry, uses)
        return entry

    def _to_devices(self, resting: _Resting) -> Entry:
        devices = iter(resting.devices)
        outputs = map_tensors(resting.entry.outputs, lambda t: self._move(t, next(devices)))
        return replace(resting.entry, outputs=outputs)

    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None:
        for tier in self._memory.values():
            if digest in tier:
                tier.remove(digest)
        self._current.add(digest)
        kept = self._add(digest, entry, 1)
        if self._disk is not None and storable and not kept.footprint.opaque:
            self._disk.put(digest, entry, kept.footprint.total_bytes)

    def _add(self, digest: str, entry: Entry, uses: int) -> Kept[_Resting]:
        weight = self._weigh(entry)
        kept = Kept(_Resting(entry), entry.seconds, weight)
        if weight.weights:
            self._models.add(digest, kept, uses)
        elif weight.device_bytes:
            self._device.add(digest, kept, uses)
        else:
            self._ram.add(digest, kept, uses)
        self._shrink()
        return kept

    def _weigh(self, entry: Entry) -> Footprint:
        # What is shown is plain, though nodes may give it in a dict of their own kind.
        return footprint((entry.outputs, entry.ui and dict(entry.ui)), self._where)

    def _shrink(self) -> None:
        for digest, kept, uses in self._device.shrink():
            self._spill(digest, kept, uses)
        for digest, _, _ in self._ram.shrink():
            self._evicted(digest, "RAM for results was full")
        for digest, _, _ in self._models.shrink(keep=self._current):
            self._evicted(digest, "memory for models was full")

    def _spill(self, digest: str, kept: Kept[_Resting], uses: int) -> None:
        """Move an entry from the device to RAM, where all of it can be moved."""
        if kept.footprint.opaque or kept.footprint.total_bytes > self._ram.max_bytes:
            self._evicted(digest, "the device was full")
            return
        devices: list[str] = []

        def to_ram(tensor: torch.Tensor) -> torch.Tensor:
            devices.append(self._where(tensor))
            return self._move(tensor, "cpu")

        entry = replace(kept.value.entry, outputs=map_tensors(kept.value.entry.outputs, to_ram))
        weight = self._weigh(entry)
        resting = _Resting(entry, tuple(devices))
        self._ram.add(digest, Kept(resting, kept.seconds, weight), uses)

    def _tiers(self) -> Mapping[TierName, TierReport]:
        tiers: dict[TierName, TierReport] = {
            name: TierReport(len(tier), tier.bytes, tier.max_bytes)
            for name, tier in self._memory.items()
        }
        if self._disk is not None:
            tiers["disk"] = TierReport(*self._disk.size(), self._disk.max_bytes)
        return tiers

    def _disk_problem(self) -> str:
        return self._disk.problem if self._disk is not None else ""

    def _free_memory(self) -> None:
        for name in self._memory:
            self._empty(name, "memory was freed")

    def _empty(self, name: TierName, why: str) -> None:
        tier = self._memory[name]
        for digest in tier:
            self._evicted(digest, why)
        tier.clear()
