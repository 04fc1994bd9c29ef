"""One tier in memory: entries by digest, bounded in bytes, each storage counted once."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.cache.policy import GreedyDual
from engine.cache.values import Footprint, StorageId

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kept(Generic[V]):
    """What a tier holds.

    Attributes:
        seconds: Time it took to compute.
        footprint: Its weight when it came; held to be given back exactly.
    """

    value: V
    seconds: float
    footprint: Footprint


class MemoryTier(Generic[V]):
    """Entries by digest. `shrink` brings `bytes` back under `max_bytes` after additions."""

    def __init__(self, max_bytes: int) -> None:
        if max_bytes < 0:
            raise ValueError(f"MemoryTier: max_bytes must be at least 0, got {max_bytes}")
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: dict[str, Kept[V]] = {}
        self._policy: GreedyDual[str] = GreedyDual()
        # Holders and bytes of each storage; the bytes as first counted, since models grow.
        self._holders: dict[StorageId, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, digest: object) -> bool:
        return digest in self._kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def peek(self, digest: str) -> Kept[V] | None:
        """Return an entry without counting a use."""
        return self._kept.get(digest)

    def get(self, digest: str) -> Kept[V] | None:
        """Return an entry and count a use."""
        kept = self._kept.get(digest)
        if kept is not None:
            self._policy.touch(digest)
        return kept

    def add(self, digest: str, kept: Kept[V], uses: int = 1) -> None:
        """Add an entry, in place of one with the same digest."""
        if digest in self._kept:
            self.remove(digest)
        self._kept[digest] = kept
        self._policy.add(digest, kept.seconds, kept.footprint.total_bytes, uses)
        self.bytes += kept.footprint.other_bytes
        for storage, size in kept.footprint.storages.items():
            holders, counted = self._holders.get(storage, (0, size))
            self._holders[storage] = holders + 1, counted
            self.bytes += 0 if holders else counted

    def remove(self, digest: str) -> tuple[Kept[V], int]:
        """Remove an entry; return it and its uses. Raises: KeyError."""
        uses = self._policy.remove(digest)
        return self._forget(digest), uses

    def _forget(self, digest: str) -> Kept[V]:
        kept = self._kept.pop(digest)
        self.bytes -= kept.footprint.other_bytes
        for storage in kept.footprint.storages:
            holders, counted = self._holders.pop(storage)
            if holders > 1:
                self._holders[storage] = holders - 1, counted
            else:
                self.bytes -= counted
        return kept

    def shrink(self, keep: Container[str] = ()) -> Iterator[tuple[str, Kept[V], int]]:
        """Remove least worth entries not in `keep` until the bound holds.

        Yields: Digest, entry and how often it was used; removed before it is yielded.
        """
        while self.bytes > self.max_bytes:
            found = self._policy.pop(keep)
            if found is None:
                return
            digest, uses = found
            yield digest, self._forget(digest), uses

    def clear(self) -> None:
        """Remove everything."""
        self._kept.clear()
        self._policy = GreedyDual()
        self._holders.clear()
        self.bytes = 0
