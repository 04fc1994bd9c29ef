"""Kinds of binary messages (contract §3.2)."""

from __future__ import annotations

from enum import IntEnum


class BinaryEventTypes(IntEnum):
    """First number of a binary message."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4
