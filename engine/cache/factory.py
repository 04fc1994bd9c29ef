"""Makes the cache that the settings ask for."""

from __future__ import annotations

from typing import Literal

from engine.cache.cost import CostCache
from engine.cache.disk import DiskTier
from engine.cache.simple import ClassicCache, LruCache, NoCache
from engine.cache.store import ResultCache


def make_cache(
    kind: Literal["cost", "classic", "lru", "none"],
    *,
    lru: int = 0,
    ram_bytes: int,
    device_bytes: int,
    disk: DiskTier | None = None,
) -> ResultCache:
    """Return a cache of a kind; only "cost" uses the bounds in bytes and the disk.

    Args:
        lru: Entries that kind "lru" keeps, at least 1.

    Raises: ValueError, for a count or bound out of range.
    """
    match kind:
        case "cost":
            return CostCache(ram_bytes=ram_bytes, device_bytes=device_bytes, disk=disk)
        case "classic":
            return ClassicCache()
        case "lru":
            return LruCache(lru)
        case "none":
            return NoCache()
