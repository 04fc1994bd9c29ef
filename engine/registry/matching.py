"""Decides whether an output may feed an input, by wire type."""

from __future__ import annotations


def types_match(received: object, declared: object) -> bool:
    """Tell whether an output of type `received` may feed an input declared as `declared`.

    Packs override comparison to make types that match everything, so the originals are compared,
    with `!=` and nothing else, before anything is taken apart. Two plain strings also match when
    their comma-separated parts share one; a plain "*" is no wildcard (contract §4.2).

    Args:
        received: A wire type, or the option list of a menu.
        declared: Likewise.
    """
    if not received != declared:  # noqa: SIM202 - "==" would bypass what packs override
        return True
    if not isinstance(received, str) or not isinstance(declared, str):
        return False
    return not _parts(received).isdisjoint(_parts(declared))


def _parts(wire_type: str) -> set[str]:
    return {part.strip() for part in wire_type.split(",")}
