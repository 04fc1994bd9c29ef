"""Model folders as plain values, for the way from a worker, where packs have added some."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.models.folders import FolderKey, ModelFolders
from engine.workers.wire import FolderText


def write_folders(folders: ModelFolders) -> dict[str, FolderText]:
    """Return the roots and extensions of each folder key."""
    return {
        key: ([str(root) for root in entry.roots], sorted(entry.extensions))
        for key, entry in folders.keys().items()
    }


def adopt_folders(folders: ModelFolders, described: Mapping[str, FolderText]) -> None:
    """Give `folders` the keys, roots and extensions that `write_folders` told."""
    for key, (roots, extensions) in described.items():
        entry = folders.keys().setdefault(key, FolderKey([], frozenset()))
        entry.roots[:] = [Path(root) for root in roots]
        entry.extensions = frozenset(extensions)
