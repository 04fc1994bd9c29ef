"""What a worker process prints, as log lines: a pack that prints megabytes harms nobody."""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable

LINE_LIMIT = 2_000
LINES_PER_S = 200
_KEPT = 20
_LOG_LINE = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) ([\w.]+): (.*)", re.DOTALL)


class LogLines:
    """Cuts output into lines and passes on at most `LINES_PER_S`, each cut to `LINE_LIMIT`.

    Args:
        log: Called with each line.
        clock: Seconds, monotonic.

    Attributes:
        last: The last lines, for saying why a process ended.
    """

    def __init__(
        self, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.last: deque[str] = deque(maxlen=_KEPT)
        self._log, self._clock = log, clock
        self._line = b""
        self._second = -1.0
        self._passed = 0
        self._left_out = 0

    def feed(self, data: bytes) -> None:
        """Take what the process printed. A carriage return (a progress bar) ends a line, too."""
        *lines, rest = data.replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._end(self._line + line)
            self._line = b""
        self._line = (self._line + rest)[: LINE_LIMIT + 1]

    def close(self) -> None:
        """Pass on what is left."""
        self._end(self._line)
        self._line = b""
        self._say_left_out()

    def _end(self, raw: bytes) -> None:
        line = raw[: LINE_LIMIT + 1].decode("utf-8", "replace").rstrip()
        if not line:
            return
        if len(line) > LINE_LIMIT:
            line = line[:LINE_LIMIT] + "…"
        self.last.append(line)
        second = self._clock() // 1
        if second != self._second:
            self._say_left_out()
            self._second, self._passed = second, 0
        if self._passed < LINES_PER_S:
            self._passed += 1
            self._log(line)
        else:
            self._left_out += 1

    def _say_left_out(self) -> None:
        if self._left_out:
            self._log(f"({self._left_out:,} more lines were left out)")
            self._left_out = 0


def relay_to(logger: logging.Logger, worker: str) -> Callable[[str], None]:
    """Return a function that logs what a worker printed.

    A line of the worker's own log keeps its level and origin: "ERROR worker cpu engine.models: …".
    """

    def relay(line: str) -> None:
        found = _LOG_LINE.fullmatch(line)
        level, origin, text = found.groups() if found else ("INFO", "", line)
        number = logging.getLevelNamesMapping()[level]
        if logger.isEnabledFor(number):
            # No logger of that name: packs choose the names, and loggers are kept for ever.
            name = f"worker {worker} {origin}".rstrip()
            logger.handle(logger.makeRecord(name, number, __file__, 0, "%s", (text,), None))

    return relay
