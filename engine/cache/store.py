"""ResultCache: what nodes returned, found again by key; the part all kinds of cache share.

One run at a time: `begin`, then `get` and `put` per node, then `end`. Within a run a node's
result stays available from its `put` or `get` to its `release`, whatever the kind keeps beyond.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from engine.cache.explain import Explainer
from engine.cache.keys import NodeKey
from engine.graph.model import NodeId

TierName: TypeAlias = Literal["device", "ram", "models", "disk"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one node returned.

    Attributes:
        outputs: Per output slot, the list of its values (contract §5 "Lists"). Not to be mutated.
        ui: What the node showed, or None.
        seconds: Time it took to compute.
    """

    outputs: tuple[list[Any], ...]
    ui: dict[str, Any] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """Where an entry is: its tier, what it saves and what it weighs."""

    tier: TierName
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node was a hit or a miss.

    Attributes:
        text: For people: "in RAM", 'input "seed" changed' …
        tier: Where it was found; None on a miss.
        seconds: Saved on a hit.
        bytes: Size of the entry on a hit.
    """

    hit: bool
    text: str
    tier: TierName | None = None
    seconds: float = 0.0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class TierReport:
    """How full a tier is; `max_bytes` is None where the bound is not in bytes."""

    entries: int
    bytes: int
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The state of a cache and what it did since it was made.

    Attributes:
        tiers: By tier; a tier the cache does not have is missing.
        hits, misses: Lookups of nodes, once per node and run.
        evictions: Entries lost from memory for want of room or need.
        seconds_saved: Sum of what the hits had taken to compute.
        disk_problem: Why the disk tier stopped, or "".
    """

    tiers: Mapping[TierName, TierReport] = field(default_factory=dict)
    hits: int = 0
    misses: int = 0
    evictions: int = 0
    seconds_saved: float = 0.0
    disk_problem: str = ""


_PLACES: Mapping[TierName, str] = {
    "device": "on the device",
    "ram": "in RAM",
    "models": "loaded",
    "disk": "on disk",
}


class ResultCache(ABC):
    """Results by key. Safe to call from several threads; entries are immutable and shared.

    A key without digest is kept for its run only.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._explainer = Explainer()
        self._in_use: dict[NodeId, tuple[NodeKey, Entry]] = {}
        self._reasons: dict[NodeId, tuple[NodeKey, Reason]] = {}
        self._hits = self._misses = self._evictions = 0
        self._seconds_saved = 0.0

    def begin(self, keys: Mapping[NodeId, NodeKey]) -> None:
        """Start a run of the nodes in `keys`; nodes made by expansion may come on top."""
        with self._lock:
            self._in_use.clear()
            self._reasons.clear()
            self._begin({key.digest for key in keys.values() if key.digest is not None})

    def get(self, node_id: NodeId, key: NodeKey) -> Entry | None:
        """Return the entry of a node, or None: then it has to run."""
        with self._lock:
            used = self._in_use.get(node_id)
            if used is not None and used[0].digest == key.digest:
                return used[1]
            found = self._find(key.digest) if key.digest is not None else None
            reason = self._reason(node_id, key, found[1] if found else None)
            self._reasons[node_id] = key, reason
            if found is None:
                self._misses += 1
                return None
            self._hits += 1
            self._seconds_saved += found[0].seconds
            self._in_use[node_id] = key, found[0]
            self._explainer.used(node_id, key)
            return found[0]

    def passed_over(self, node_id: NodeId, key: NodeKey) -> None:
        """Note that a node was not asked for, because what was made of its result was found."""
        with self._lock:
            self._explainer.used(node_id, key)

    def put(self, node_id: NodeId, key: NodeKey, entry: Entry, *, storable: bool = True) -> None:
        """Keep what a node returned.

        Args:
            storable: False keeps it off the disk, because the entry is worth nothing without
                something else the node left behind (a file).
        """
        with self._lock:
            self._in_use[node_id] = key, entry
            self._explainer.used(node_id, key)
            if key.digest is not None:
                self._keep(key.digest, entry, storable=storable)

    def release(self, node_id: NodeId) -> None:
        """Let go of a node's entry for this run: all its consumers ran."""
        with self._lock:
            self._in_use.pop(node_id, None)

    def end(self) -> None:
        """Finish the run, however it went."""
        with self._lock:
            self._in_use.clear()
            self._end()

    def explain(self, node_id: NodeId, key: NodeKey) -> Reason:
        """Say why the last `get` of this run hit or missed, or what a `get` would do now."""
        with self._lock:
            known = self._reasons.get(node_id)
            if known is not None and known[0].digest == key.digest:
                return known[1]
            found = self._peek(key.digest) if key.digest is not None else None
            return self._reason(node_id, key, found)

    def report(self) -> Report:
        """Return how full the tiers are, and hits, misses and evictions so far."""
        with self._lock:
            return Report(
                self._tiers(),
                self._hits,
                self._misses,
                self._evictions,
                self._seconds_saved,
                self._disk_problem(),
            )

    def free_memory(self) -> None:
        """Drop everything in memory that the running nodes do not use; allocate nothing."""
        with self._lock:
            self._free_memory()

    def clear(self) -> None:
        """Drop every entry, on disk too."""
        with self._lock:
            self._free_memory()

    def close(self) -> None:
        """Finish what is being written and let go of values, files and threads."""
        with self._lock:
            self._in_use.clear()
            self._free_memory()

    def _reason(self, node_id: NodeId, key: NodeKey, found: Found | None) -> Reason:
        if found is None:
            return Reason(False, self._explainer.why_missing(node_id, key))
        return Reason(True, _PLACES[found.tier], found.tier, found.seconds, found.bytes)

    def _evicted(self, digest: str, why: str) -> None:
        self._evictions += 1
        self._explainer.evicted(digest, why)

    def _disk_problem(self) -> str:
        return ""

    @abstractmethod
    def _begin(self, digests: set[str]) -> None: ...

    @abstractmethod
    def _find(self, digest: str) -> tuple[Entry, Found] | None:
        """Return an entry and where it was, counting a use."""

    @abstractmethod
    def _peek(self, digest: str) -> Found | None:
        """Return where an entry is, changing nothing."""

    @abstractmethod
    def _keep(self, digest: str, entry: Entry, *, storable: bool) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...

    @abstractmethod
    def _tiers(self) -> Mapping[TierName, TierReport]: ...

    @abstractmethod
    def _free_memory(self) -> None: ...
