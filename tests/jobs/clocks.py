"""A system clock that tests set, as people and time servers do."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

YEAR_S = 365 * 86_400


@dataclass
class SetClock:
    """What `time.time` and `time.time_ns` say; the monotonic clock is left alone."""

    offset_s: float = 0.0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        true_s, true_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: true_s() + self.offset_s)
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + int(self.offset_s * 10**9))
