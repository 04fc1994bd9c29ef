"""Files that nodes name: model folders by key, and the input, output, temp and user folders."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from engine.errors import ForbiddenPathError, MissingFileError, UnknownNameError
from engine.models.extra_paths import read_extra_paths
from engine.models.folder_walk import walk_folder

WEIGHT_EXTENSIONS: Final = frozenset(
    {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
)
"""What counts as a model file."""

SHIPPED: Final = Path(__file__).parent / "starter"
"""Holds the checkpoint that comes with Tessera; hosts add it to "checkpoints", after all others."""

_MODEL_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "checkpoints": ("checkpoints",),
    "configs": ("configs",),
    "loras": ("loras",),
    "vae": ("vae",),
    "vqgan": ("vqgan", "vae"),
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "clip_vision": ("clip_vision",),
    "style_models": ("style_models",),
    "embeddings": ("embeddings",),
    "diffusers": ("diffusers",),
    "vae_approx": ("vae_approx",),
    "controlnet": ("controlnet", "t2i_adapter"),
    "gligen": ("gligen",),
    "upscale_models": ("upscale_models",),
    "hypernetworks": ("hypernetworks",),
    "photomaker": ("photomaker",),
    "classifiers": ("classifiers",),
    "model_patches": ("model_patches",),
    "audio_encoders": ("audio_encoders",),
}
_OTHER_EXTENSIONS: Final = {"configs": frozenset({".yaml"}), "classifiers": frozenset({""})}
_OUTPUT_KEYS: Final = {
    "checkpoints": "checkpoints",
    "text_encoders": "clip",
    "vae": "vae",
    "vqgan": "vae",
    "diffusion_models": "diffusion_models",
    "loras": "loras",
}
_ALIASES: Final = {"unet": "diffusion_models", "clip": "text_encoders"}
_USER_KINDS: Final = frozenset({"input", "output", "temp"})
_FLAT_KEYS: Final = _USER_KINDS | {"custom_nodes"}  # listed without their subfolders
_ANNOTATED: Final = re.compile(r"^(.*\S)\s*\[(input|output|temp)\]$", re.DOTALL)
_FOLDER_KEY: Final = "diffusers"  # its names are directories that hold this file:
_FOLDER_INDEX: Final = "model_index.json"


@dataclass(slots=True)
class FolderKey:
    """The roots of a folder key, in order of precedence, and its file extensions.

    An empty set of extensions lets every file through; "" stands for no extension.
    """

    roots: list[Path]
    extensions: frozenset[str]


@dataclass(slots=True)
class _Listing:
    roots: tuple[Path, ...]
    times: dict[str, int]
    names: list[str] = field(default_factory=list)


class ModelFolders:
    """Finds the files behind the names in workflows. Makes no directory and writes nothing.

    Model names are matched against their folders without following what the name itself says
    (`..`, absolute paths); a link that lies in a model folder may lead anywhere, since artists
    keep weights on other disks. In input, output and temp a link must stay inside.

    Args:
        base: Holds models/ and custom_nodes/, and the four folders below unless they are given.
        extra: `extra_model_paths.yaml` files, in order. Raises: FileFormatError.
    """

    def __init__(
        self,
        base: Path,
        *,
        input: Path | None = None,  # noqa: A002 - the folder's name everywhere else
        output: Path | None = None,
        temp: Path | None = None,
        user: Path | None = None,
        extra: Iterable[Path] = (),
    ) -> None:
        self.base = base.absolute()
        given = {"input": input, "output": output, "temp": temp, "user": user}
        self._directories = {
            kind: (path or self.base / kind).absolute() for kind, path in given.items()
        }
        self._keys = self._standard_keys()
        self._listings: dict[str, _Listing] = {}
        self._lock = threading.Lock()
        for file in extra:
            for folder in read_extra_paths(file):
                self.add(folder.key, folder.path, default=folder.default)

    def _standard_keys(self) -> dict[str, FolderKey]:
        models = self.base / "models"
        keys = {
            key: FolderKey(
                [models / name for name in names], _OTHER_EXTENSIONS.get(key, WEIGHT_EXTENSIONS)
            )
            for key, names in _MODEL_KEYS.items()
        }
        for key, name in _OUTPUT_KEYS.items():
            keys[key].roots.append(self._directories["output"] / name)
        keys["custom_nodes"] = FolderKey([self.base / "custom_nodes"], frozenset())
        return keys

    def add(self, key: str, path: Path, default: bool = False) -> None:
        """Add a folder under a key, a new one too; `default` puts it before the others."""
        entry = self._keys.setdefault(self.canonical(key), FolderKey([], frozenset()))
        path = path.absolute()
        if path in entry.roots:
            if not default:
                return
            entry.roots.remove(path)
        entry.roots.insert(0 if default else len(entry.roots), path)

    def keys(self) -> dict[str, FolderKey]:
        """Return the folder keys; the same objects on each call, so that packs may edit them."""
        return self._keys

    @staticmethod
    def canonical(key: str) -> str:
        """Return a folder key under its present name."""
        return _ALIASES.get(key, key)

    def directory(self, kind: str) -> Path:
        """Return the "input", "output", "temp" or "user" directory."""
        if kind not in self._directories:
            raise UnknownNameError("directory", kind, self._directories)
        return self._directories[kind]

    def names(self, key: str) -> list[str]:
        """List file names of a model folder key, or of "input", "output", "temp", sorted.

        Names are relative paths. The directories' modification times tell whether a listing is
        still true, so asking again is cheap.

        Raises: UnknownNameError.
        """
        roots, extensions = self._find(key)
        with self._lock:
            listing = self._listings.get(key)
            if listing is None or not _is_current(listing, roots):
                listing = _list(key, roots, extensions)
                self._listings[key] = listing
            return list(listing.names)

    def resolve(self, key: str, name: str) -> Path:
        """Return the file behind a name; see `registry.spec.Folders`.

        A name under "diffusers" is a directory; its model_index.json is returned.

        Raises: MissingFileError, ForbiddenPathError, UnknownNameError.
        """
        annotated = _ANNOTATED.match(name) if key in _USER_KINDS else None
        if annotated:
            name, key = annotated.groups()
        roots, _ = self._find(key)
        relative = _checked(f"{key} file", name)
        for root in roots:
            path = root / relative
            if key == _FOLDER_KEY:
                path /= _FOLDER_INDEX
            if _exists(path):
                if key in _USER_KINDS and not path.resolve().is_relative_to(root.resolve()):
                    raise ForbiddenPathError(f"{key} file", name)
                return path
        raise MissingFileError(f"{key} file", name, roots, self.names(key))

    def place(self, kind: str, name: str) -> Path:
        """Return where a file of that name is, or would be, in a directory; links are resolved.

        Args:
            kind: "input", "output", "temp" or "user".

        Raises: ForbiddenPathError, UnknownNameError.
        """
        return inside(self.directory(kind), name, f"{kind} file")

    def _find(self, key: str) -> tuple[tuple[Path, ...], frozenset[str]]:
        if key in _USER_KINDS:
            return (self._directories[key],), frozenset()
        entry = self._keys.get(self.canonical(key))
        if entry is None:
            raise UnknownNameError("model folder", key, self._keys)
        return tuple(entry.roots), entry.extensions


def inside(root: Path, name: str, kind: str) -> Path:
    """Return the path of a name in a folder, whether it exists or not; links are resolved.

    Args:
        kind: What is named, for the error's text.

    Raises: ForbiddenPathError, when the name or a link on the way leads out of the folder.
    """
    forbidden = ForbiddenPathError(kind, name)
    relative = _checked(kind, name)
    try:
        root = root.resolve()
        path = (root / relative).resolve()
    except (OSError, RuntimeError) as error:  # for instance links that lead in a circle
        raise forbidden from error
    if not path.is_relative_to(root):
        raise forbidden
    return path


def _checked(kind: str, name: str) -> Path:
    """Return a name as a relative path that cannot leave its folder by what it says."""
    forbidden = ForbiddenPathError(kind, name)
    if "\0" in name or not name.strip():
        raise forbidden
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:  # half a character, which only JSON can name
        raise forbidden from error
    # Files written on Windows use the other slash; elsewhere it would be part of a file's name.
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", name):
        raise forbidden
    if not path.parts:
        raise forbidden
    return Path(*path.parts)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # for instance a name longer than the file system allows
        return False


def _is_current(listing: _Listing, roots: tuple[Path, ...]) -> bool:
    return listing.roots == roots and all(
        _time(directory) == stamp for directory, stamp in listing.times.items()
    )


def _time(directory: str) -> int:
    """Return a directory's modification time in ns, or -1 when it is not there."""
    try:
        return Path(directory).stat().st_mtime_ns
    except OSError:
        return -1


def _list(key: str, roots: tuple[Path, ...], extensions: frozenset[str]) -> _Listing:
    listing = _Listing(roots, {})
    found: set[str] = set()
    for root in roots:
        listing.times[str(root)] = _time(str(root))
        for directory, folders, files in walk_folder(root):
            listing.times[directory] = _time(directory)
            relative = os.path.relpath(directory, root)
            if key == _FOLDER_KEY:
                found.update([relative] if _FOLDER_INDEX in files else [])
                continue
            chosen = (f for f in files if not extensions or _extension(f) in extensions)
            found.update(os.path.normpath(Path(relative) / file) for file in chosen)
            if key in _FLAT_KEYS:
                folders.clear()
    listing.names = sorted(found)
    return listing


def _extension(name: str) -> str:
    return Path(name).suffix.lower()
