"""Writes to the terminal. Names in files are hostile text: they may not steer the terminal."""

from __future__ import annotations

import io
import logging
import sys


def printable(text: str) -> str:
    """Return the text with every control character but line breaks and tabs made visible."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def prepare(*, verbose: bool) -> None:
    """Let any text be written, whatever the locale, and log lines read like other messages.

    Args:
        verbose: Show the tracebacks that come with log lines.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_LogFormatter(verbose=verbose))
    logging.basicConfig(handlers=[handler])


class _LogFormatter(logging.Formatter):
    """A log record as one printable line; its traceback only when that is wanted."""

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        """Return the text to write."""
        return printable(super().format(record) if self._verbose else record.getMessage())


def say(text: str) -> None:
    """Write a line to standard error."""
    print(printable(text), file=sys.stderr, flush=True)
