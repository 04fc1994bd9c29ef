"""Which folders and files are packs that the artist wants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path


def pack_paths(
    roots: Iterable[Path], *, enabled: bool = True, allow: Collection[str] = frozenset()
) -> Iterator[Path]:
    """Yield the folders and single files in `roots` that may be packs, by name.

    Args:
        roots: Folders of packs, in order; those that do not exist are passed over.
        enabled: False yields only what `allow` names, with or without ".py".
    """
    for root in roots:
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            if path.name == "__pycache__" or path.name.endswith(".disabled"):
                continue
            if not enabled and path.name not in allow and path.stem not in allow:
                continue
            if path.is_dir() or path.suffix == ".py":
                yield path
