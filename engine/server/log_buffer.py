"""The last lines of the log, for the editor's log panel."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

KEPT_LINES = 300
LINE_CHARACTERS = 8000
TERMINAL = {"cols": 80, "rows": 24}


class LogBuffer(logging.Handler):
    """Keeps the newest log lines; thread-safe.

    Attributes:
        subscribers: Ids of the clients that want each new line.
        on_line: Called with each new line, from whichever thread logged it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.subscribers: set[str] = set()
        self.on_line: Callable[[dict[str, str]], None] | None = None
        self._lines: deque[dict[str, str]] = deque(maxlen=KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; one that cannot be formatted is reported as logging does."""
        try:
            text = self.format(record)[:LINE_CHARACTERS]
        except Exception:  # noqa: BLE001 - whatever the arguments of a log call raise
            self.handleError(record)
            return
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"t": stamp, "m": text.encode("utf-8", "replace").decode() + "\n"}
        self._lines.append(line)
        if self.on_line is not None and self.subscribers:
            self.on_line(line)

    def entries(self) -> list[dict[str, str]]:
        """Return the kept lines, {"t": time, "m": text}, oldest first."""
        return list(self._lines)

    def message(self, entries: list[dict[str, str]]) -> dict[str, Any]:
        """Return the data of a `logs` message."""
        return {"entries": entries, "size": TERMINAL}
