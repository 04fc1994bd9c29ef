"""Has the process give memory back that it does not use any more."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

LARGE_BYTES: Final = 256 << 10
_M_MMAP_THRESHOLD: Final = -3  # as in malloc.h


def return_large_blocks() -> None:
    """Return blocks of `LARGE_BYTES` and more to the system as soon as they are freed.

    glibc promises that, but raises its bound up to 32 MiB once such a block was freed, and every
    thread then keeps a pool of its own: a few large pictures cost hundreds of MiB for good. On
    systems without `mallopt` (musl, macOS, Windows) nothing is changed.

    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
