"""What the last run knew of node types, so that the editor need not wait for the workers.

It is used only while no worker answers yet, and only when everything it was made of is as it was:
our code, the installed packages, the packs' files, the folders and the names of files in them.
What packs read besides cannot be watched; therefore the workers are asked as soon as they answer,
and the editor is told when they say something else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from engine.models.folder_walk import walk_folder
from engine.models.folders import ModelFolders
from engine.registry.pack_folders import pack_paths
from engine.server.receiving import write_file
from engine.server.services import Services
from engine.workers.folders_text import adopt_folders, write_folders
from engine.workers.pool import WorkerState
from engine.workers.wire import FolderText

_ROOT: Final = Path(__file__).resolve().parents[2]
_FILE: Final = "cache/node_types.msgpack"

_LOG = logging.getLogger(__name__)


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What a run leaves to the next one.

    Attributes:
        key: Digest of the code and the folders it was made with.
        names: Digest of the names in all folders.
        folders: Model folders, with those that packs added.
        web: The packs' folders of browser files, by name.
        object_info: JSON of all node types.
        replacements: JSON of what became of node types.
    """

    key: str
    names: str
    folders: dict[str, FolderText]
    web: dict[str, str]
    object_info: bytes
    replacements: bytes


class LastRun:
    """Reads what the last run left, and leaves something to the next."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._path = services.folders.directory("user") / _FILE
        self._folders = write_folders(services.folders)
        self._key: str | None = None
        self._found: Remembered | None = None
        self._written: Remembered | None = None
        self._lock = asyncio.Lock()

    async def recall(self) -> Remembered | None:
        """Return what the last run left, if it still holds; None once a worker has started.

        First called before the workers start: what is looked at then is what they load.
        """
        async with self._lock:
            if self._key is None:
                self._key = await asyncio.to_thread(self._make_key)
                self._found = await asyncio.to_thread(self._read)
        workers = self._services.pool.workers()
        is_first = all(w.state is WorkerState.STARTING and not w.restarts for w in workers)
        return self._found if is_first else None

    async def remember(
        self, object_info: bytes, replacements: bytes, names: str, web: dict[str, str]
    ) -> None:
        """Leave what the workers said; `names` is what `names_in` gave before they were asked."""
        if self._key is None or any(worker.restarts for worker in self._services.pool.workers()):
            return  # a later worker may have loaded other files than this run began with
        folders = write_folders(self._services.folders)
        made = Remembered(
            key=self._key,
            names=names,
            folders=folders,
            web=web,
            object_info=object_info,
            replacements=replacements,
        )
        if made in (self._written, self._found):
            return
        self._written = made
        await asyncio.to_thread(self._write, made)

    def _read(self) -> Remembered | None:
        try:
            found = msgspec.msgpack.decode(self._path.read_bytes(), type=Remembered)
        except (OSError, msgspec.DecodeError):  # none there, or of another version: it is a copy
            return None
        if found.key != self._key:
            return None
        adopt_folders(self._services.folders, found.folders)
        return found if names_in(self._services.folders) == found.names else None

    def _write(self, made: Remembered) -> None:
        if self._make_key() != made.key:
            return  # files were changed since the start
        try:
            write_file(self._path, msgspec.msgpack.encode(made), overwrite=True)
        except OSError as error:  # the next start is slower, nothing else
            _LOG.warning("The node types were not kept for the next start: %s", error)

    def _make_key(self) -> str:
        """Return a digest of all code that describes node types, by sizes and times."""
        settings = self._services.settings
        roots = [Path(root) for root in self._folders["custom_nodes"][0]]
        packs = pack_paths(roots, enabled=settings.packs, allow=settings.pack_allow_list)
        hasher = hashlib.sha256(repr((sys.version, self._folders)).encode())
        for path in sys.path:  # to install a package changes the folder it is put into
            _feed(hasher, Path(path))
        for folder in (_ROOT / "engine", _ROOT / "nodes", *packs):
            for file in _files(folder):
                _feed(hasher, file)
        return hasher.hexdigest()


LAST_RUN: web.AppKey[LastRun] = web.AppKey("last_run", LastRun)


def names_in(folders: ModelFolders) -> str:
    """Return a digest of the names of files in all folders that menus are made of."""
    keys = [*folders.keys(), "input", "output", "temp"]
    listed = repr([(key, folders.names(key)) for key in keys])
    return hashlib.sha256(listed.encode("utf-8", "surrogatepass")).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, files in walk_folder(path):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(folder, name) for name in sorted(files))


def _feed(hasher: hashlib._Hash, path: Path) -> None:
    try:
        status = path.stat()
    except OSError:  # an entry of sys.path need not exist; its coming changes the digest
        return
    hasher.update(repr((str(path), status.st_size, status.st_mtime_ns)).encode("utf-8", "replace"))
