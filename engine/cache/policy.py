"""Which entry goes first when a tier is full: the one whose loss costs least per byte gained."""

from __future__ import annotations

import heapq
from collections.abc import Container, Hashable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


def worth(seconds: float, uses: int, size_bytes: int) -> float:
    """Return seconds saved per byte kept: seconds to recompute x times used / bytes."""
    return max(seconds, 0.0) * uses / max(size_bytes, 1)


@dataclass(slots=True)
class _Item:
    seconds: float
    size_bytes: int
    uses: int
    priority: float
    serial: int


class GreedyDual(Generic[K]):
    """Keys ordered by age + worth; least goes first.

    `age` is the priority of the last key that went, and is added to whatever is used from then
    on: what was dear once but is asked for no more sinks below what is in use.

    Source: GreedyDual-Size with Frequency, L. Cherkasova, HP Labs report HPL-98-69R1.
    """

    def __init__(self) -> None:
        self.age = 0.0
        self._items: dict[K, _Item] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._serials = count()

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def add(self, key: K, seconds: float, size_bytes: int, uses: int = 1) -> None:
        """Add a key, in place of an equal one."""
        priority = self.age + worth(seconds, uses, size_bytes)
        serial = next(self._serials)
        self._items[key] = _Item(seconds, size_bytes, uses, priority, serial)
        heapq.heappush(self._heap, (priority, serial, key))
        if len(self._heap) > 2 * len(self._items) + 64:
            self._rebuild()

    def touch(self, key: K) -> None:
        """Note that a key was used. Raises: KeyError."""
        item = self._items[key]
        item.uses += 1
        item.priority = self.age + worth(item.seconds, item.uses, item.size_bytes)
        # Its place in the heap is corrected when it comes up: priorities only ever grow.

    def remove(self, key: K) -> int:
        """Remove a key; return its uses. Raises: KeyError."""
        return self._items.pop(key).uses

    def pop(self, keep: Container[K] = ()) -> tuple[K, int] | None:
        """Remove the least worth key not in `keep`; return it and its uses, or None."""
        kept: list[tuple[float, int, K]] = []
        found: tuple[K, int] | None = None
        while self._heap and found is None:
            priority, serial, key = heapq.heappop(self._heap)
            item = self._items.get(key)
            if item is None or item.serial != serial:
                continue
            if item.priority > priority:
                heapq.heappush(self._heap, (item.priority, serial, key))
            elif key in keep:
                kept.append((priority, serial, key))
            else:
                found = key, item.uses
                self.age = max(self.age, item.priority)
                del self._items[key]
        for entry in kept:
            heapq.heappush(self._heap, entry)
        return found

    def _rebuild(self) -> None:
        self._heap = [(item.priority, item.serial, key) for key, item in self._items.items()]
        heapq.heapify(self._heap)
