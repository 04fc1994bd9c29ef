"""Writes to the terminal. Names in files are hostile text: they may not steer the terminal."""

from __future__ import annotations

import sys


def printable(text: str) -> str:
    """Return the text with every control character but line breaks and tabs made visible."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def say(text: str) -> None:
    """Write a line to standard error."""
    print(printable(text), file=sys.stderr, flush=True)
