"""Messages of a worker on their way to the server, from whichever thread they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.workers.frames import encode_frame
from engine.workers.wire import FromWorker, JobMessage, JobOutput

LIMIT_BYTES = 16 << 20
LINGER_S = 0.002
"""What a running job tells may wait this long for company: waking a thread costs more than it."""

Maker: TypeAlias = Callable[[], Sequence[FromWorker]]


@dataclass(slots=True)
class _Offer:
    make: Maker
    due: float


class Outbox:
    """Keeps two kinds of messages until the sending thread takes them.

    Those that are `put` all arrive, in order; when the server reads too slowly, `put` waits. Of
    those that are `offer`ed under one name only the newest counts, and it is made only when its
    turn comes: so a picture nobody would see is never drawn.

    Args:
        limit_bytes: What `put` messages may take before `put` waits.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._clock = limit_bytes, clock
        self._changed = threading.Condition()
        self._frames: list[bytes] = []
        self._bytes = 0
        self._due = 0.0
        self._offers: dict[str, _Offer] = {}
        self._sent: dict[str, float] = {}
        self._taken = False

    def put(self, message: FromWorker) -> None:
        """Send a message. Raises: WireError, when it is too large for a frame."""
        frame = encode_frame(message)
        with self._changed:
            while self._bytes > self._limit:
                self._changed.wait()
            linger_s = LINGER_S if isinstance(message, JobMessage | JobOutput) else 0.0
            due = self._clock() + linger_s
            if not self._frames or due < self._due:
                self._due = due
                self._changed.notify_all()
            self._frames.append(frame)
            self._bytes += len(frame)

    def offer(self, name: str, make: Maker, interval_s: float) -> None:
        """Send what `make` returns, at most once per interval; a later offer replaces this one.

        `make` is called in the sending thread, or in that of a `flush`.
        """
        with self._changed:
            if name in self._offers:
                self._offers[name].make = make
                return
            due = self._sent.get(name, -interval_s) + interval_s
            self._offers[name] = _Offer(make, due)
            self._changed.notify_all()

    def flush(self, name: str) -> None:
        """Send what is offered under a name now, before what is `put` next."""
        offer = self._pop(name)
        for message in offer.make() if offer else ():
            self.put(message)

    def discard(self, name: str) -> None:
        """Take an offer back, if it is still there."""
        self._pop(name)

    def take(self, timeout_s: float) -> bytes:
        """Return the frames to send now, b"" when there are none until the timeout.

        The sending thread calls `sent` when they are sent.
        """
        end = self._clock() + timeout_s
        with self._changed:
            while (wait_s := self._next(end) - self._clock()) > 0:
                self._changed.wait(wait_s)
            frames, self._frames, self._bytes = self._frames, [], 0
            self._taken = True
            due = [name for name, offer in self._offers.items() if offer.due <= self._clock()]
            self._changed.notify_all()
        for name in due:
            offer = self._pop(name)
            frames += [encode_frame(message) for message in (offer.make() if offer else ())]
        return b"".join(frames)

    def sent(self) -> None:
        """Note that what `take` returned last has left."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was `put` is sent; return False when that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._frames and not self._taken, timeout_s)

    def _next(self, end: float) -> float:
        """Return when there is something to send, `end` at the latest."""
        times = [end, *(offer.due for offer in self._offers.values())]
        if self._frames:
            times.append(self._due)
        return min(times)

    def _pop(self, name: str) -> _Offer | None:
        with self._changed:
            offer = self._offers.pop(name, None)
            if offer is not None:
                self._sent[name] = self._clock()
            return offer
