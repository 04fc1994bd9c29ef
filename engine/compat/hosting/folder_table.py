"""`folder_paths.folder_names_and_paths`: the engine's model folders as a table packs edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence, MutableSet
from pathlib import Path
from typing import Any, overload

from engine.compat.hosting.missing import NotOfferedError
from engine.models.folders import FolderKey, ModelFolders

Entry = tuple[MutableSequence[str], MutableSet[str]]


class FolderTable(MutableMapping[str, Entry]):
    """Folder key -> (folders as text, file extensions); every edit reaches the engine at once."""

    def __init__(self, folders: ModelFolders) -> None:
        self._folders = folders

    def __getitem__(self, key: str) -> Entry:
        entry = self._folders.keys()[self._folders.canonical(key)]
        return _Roots(entry), _Extensions(entry)

    def __setitem__(self, key: str, value: tuple[Iterable[Any], Iterable[str]]) -> None:
        roots, extensions = value
        found = FolderKey([Path(root).absolute() for root in roots], frozenset(extensions))
        entry = self._folders.keys().setdefault(self._folders.canonical(key), found)
        entry.roots[:], entry.extensions = found.roots, found.extensions

    def __delitem__(self, key: str) -> None:
        raise NotOfferedError("removing from folder_names_and_paths")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._folders.canonical(key) in set(self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders.keys())

    def __len__(self) -> int:
        return len(self._folders.keys())


class _Roots(MutableSequence[str]):
    """A key's folders, as text."""

    def __init__(self, entry: FolderKey) -> None:
        self._entry = entry

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return [str(root) for root in self._entry.roots][index]

    def __setitem__(self, index: Any, value: Any) -> None:
        texts = list(self)
        texts[index] = value
        self._entry.roots[:] = [Path(text).absolute() for text in texts]

    def __delitem__(self, index: int | slice) -> None:
        del self._entry.roots[index]

    def __len__(self) -> int:
        return len(self._entry.roots)

    def insert(self, index: int, value: Any) -> None:
        self._entry.roots.insert(index, Path(value).absolute())

    def __add__(self, other: Iterable[str]) -> list[str]:
        return [*self, *other]

    def __radd__(self, other: Iterable[str]) -> list[str]:
        return [*other, *self]

    def copy(self) -> list[str]:
        return list(self)

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, Iterable) else other)

    def __repr__(self) -> str:
        return repr(list(self))


class _Extensions(MutableSet[str]):
    """A key's file extensions; empty lets every file through."""

    def __init__(self, entry: FolderKey) -> None:
        self._entry = entry

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> set[str]:  # type: ignore[override]
        return set(it)  # the result of |, & and - is the caller's own

    def __contains__(self, value: object) -> bool:
        return value in self._entry.extensions

    def __iter__(self) -> Iterator[str]:
        return iter(self._entry.extensions)

    def __len__(self) -> int:
        return len(self._entry.extensions)

    def add(self, value: str) -> None:
        self._entry.extensions |= {value}

    def discard(self, value: str) -> None:
        self._entry.extensions -= {value}

    def update(self, *others: Iterable[str]) -> None:
        self._entry.extensions = self._entry.extensions.union(*others)

    def union(self, *others: Iterable[str]) -> set[str]:
        return set(self._entry.extensions.union(*others))

    def copy(self) -> set[str]:
        return set(self)

    def __repr__(self) -> str:
        return repr(set(self))
