"""The time of day, as one job tells it."""

from __future__ import annotations

import time


class JobClock:
    """Reads the system's clock once and goes on steadily from there.

    Clients compute how long a job took out of what its messages say, and a system's clock may be
    set while the job runs.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        return (self._offset_ns + time.monotonic_ns()) // 1_000_000
