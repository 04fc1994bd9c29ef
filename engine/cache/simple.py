"""The caches artists know by their flags: none, classic and LRU. They know no bound in bytes."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Mapping

from engine.cache.store import Entry, Found, ResultCache, TierName, TierReport
from engine.cache.tier import Kept, MemoryTier
from engine.cache.values import footprint


class NoCache(ResultCache):
    """Keeps nothing: a value lives until its consumers ran (`release`) or the run ends."""

    def _begin(self, digests: set[str]) -> None:
        pass

    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        return None

    def _peek(self, digest: str) -> Found | None:
        return None

    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None:
        pass

    def _end(self) -> None:
        pass

    def _tiers(self) -> Mapping[TierName, TierReport]:
        return {}

    def _free_memory(self) -> None:
        pass


class _Unbounded(ResultCache):
    """Entries in memory, where nodes left them, dropped by another rule than bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: MemoryTier[Entry] = MemoryTier(sys.maxsize)

    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        kept = self._entries.get(digest)
        found = self._peek(digest)
        return (kept.value, found) if kept is not None and found is not None else None

    def _peek(self, digest: str) -> Found | None:
        kept = self._entries.peek(digest)
        return Found("ram", kept.seconds, kept.footprint.total_bytes) if kept else None

    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None:
        weight = footprint((entry.outputs, entry.ui))
        self._entries.add(digest, Kept(entry, entry.seconds, weight))

    def _drop(self, digest: str, why: str) -> None:
        self._entries.remove(digest)
        self._evicted(digest, why)

    def _tiers(self) -> Mapping[TierName, TierReport]:
        return {"ram": TierReport(len(self._entries), self._entries.bytes)}

    def _free_memory(self) -> None:
        for digest in list(self._entries):
            self._drop(digest, "memory was freed")


class ClassicCache(_Unbounded):
    """Keeps what the last prompt needed: the rest is dropped when the next one begins.

    Nodes made by expansion are not known at the beginning: theirs are dropped at the end of a run
    that did not need them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: set[str] = set()
        self._expanded: set[str] = set()
        self._needed: set[str] = set()

    def _begin(self, digests: set[str]) -> None:
        self._known, self._needed = digests, set()
        needed = digests | self._expanded
        for digest in [digest for digest in self._entries if digest not in needed]:
            self._drop(digest, "a prompt in between did not need it")

    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        self._needed.add(digest)
        return super()._find(digest)

    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None:
        self._needed.add(digest)
        if digest not in self._known:
            self._expanded.add(digest)
        super()._keep(digest, entry, storable=storable)

    def _end(self) -> None:
        for digest in self._expanded - self._needed - self._known:
            if digest in self._entries:
                self._drop(digest, "the last prompt did not need it")
        self._expanded &= self._needed


class LruCache(_Unbounded):
    """Keeps the `count` entries used last; those of the running prompt stay while it runs."""

    def __init__(self, count: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"LruCache: count must be at least 1, got {count}")
        self._count = count
        self._order: OrderedDict[str, None] = OrderedDict()
        self._needed: set[str] = set()

    def _begin(self, digests: set[str]) -> None:
        self._needed = set(digests)

    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        found = super()._find(digest)
        if found is not None:
            self._use(digest)
        return found

    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None:
        super()._keep(digest, entry, storable=storable)
        self._use(digest)
        while len(self._order) > self._count and next(iter(self._order)) not in self._needed:
            self._drop(next(iter(self._order)), f"only {self._count} entries are kept")

    def _use(self, digest: str) -> None:
        self._needed.add(digest)
        self._order[digest] = None
        self._order.move_to_end(digest)

    def _end(self) -> None:
        while len(self._order) > self._count:
            self._drop(next(iter(self._order)), f"only {self._count} entries are kept")

    def _drop(self, digest: str, why: str) -> None:
        self._order.pop(digest, None)
        super()._drop(digest, why)
