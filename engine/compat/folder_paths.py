"""Folders of models, inputs and results, as packs know them."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine.compat.host import current
from engine.compat.hosting.folder_table import FolderTable
from engine.compat.hosting.missing import missing
from engine.errors import MissingFileError, UnknownNameError
from engine.imaging.saving import SavePath
from engine.models.folder_walk import walk_folder
from engine.models.folders import WEIGHT_EXTENSIONS, inside

supported_pt_extensions: set[str] = set(WEIGHT_EXTENSIONS)

_ANNOTATIONS = ("input", "output", "temp")


def get_input_directory() -> str:
    """Return the folder of pictures to load."""
    return str(current().folders.directory("input"))


def get_output_directory() -> str:
    """Return the folder of results."""
    return str(current().folders.directory("output"))


def get_temp_directory() -> str:
    """Return the folder of previews."""
    return str(current().folders.directory("temp"))


def get_user_directory() -> str:
    """Return the folder of settings and saved workflows."""
    return str(current().folders.directory("user"))


def get_directory_by_type(type_name: str) -> str | None:
    """Return the folder "input", "output" or "temp"; None for another name."""
    return str(current().folders.directory(type_name)) if type_name in _ANNOTATIONS else None


def get_folder_paths(folder_name: str) -> list[str]:
    """Return the folders under a key. Raises: KeyError."""
    return list(FolderTable(current().folders)[folder_name][0])


def get_filename_list(folder_name: str) -> list[str]:
    """Return the file names under a key, sorted. Raises: KeyError."""
    FolderTable(current().folders)[folder_name]
    return current().folders.names(folder_name)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """Return a file's path, or None when it does not exist. Raises: ForbiddenPathError."""
    try:
        return str(current().folders.resolve(folder_name, filename))
    except (MissingFileError, UnknownNameError):
        return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    """Return a file's path. Raises: MissingFileError, ForbiddenPathError, UnknownNameError."""
    return str(current().folders.resolve(folder_name, filename))


def add_model_folder_path(
    folder_name: str, full_folder_path: str, is_default: bool = False
) -> None:
    """Add a folder under a key, a new one too."""
    current().folders.add(folder_name, Path(full_folder_path), default=is_default)


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """Split "a.png [output]" into the name and its folder; the folder is None without mark."""
    for kind in _ANNOTATIONS:
        if name.endswith(f"[{kind}]"):
            return name.removesuffix(f"[{kind}]").rstrip(), get_directory_by_type(kind)
    return name, None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """Return the path of "a.png [output]"; without mark it lies in `default_dir` or the input.

    Raises: ForbiddenPathError, when the name leads out of its folder.
    """
    bare, folder = annotated_filepath(name)
    return str(inside(Path(folder or default_dir or get_input_directory()), bare, "file"))


def exists_annotated_filepath(name: str) -> bool:
    """Tell whether `get_annotated_filepath` leads to something. Raises: ForbiddenPathError."""
    return Path(get_annotated_filepath(name)).exists()


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """Plan a result's name: (folder, file name, number, subfolder, prefix); the folder is made.

    Raises: ForbiddenPathError, when the prefix leads out of `output_dir`.
    """
    names = SavePath.of(Path(output_dir), filename_prefix, image_width, image_height)
    names.folder.mkdir(parents=True, exist_ok=True)
    number = names.next_number()
    return str(names.folder), names.prefix, number, names.subfolder, filename_prefix


def filter_files_content_types(files: Iterable[str], content_types: Iterable[str]) -> list[str]:
    """Return the files whose name says that they are of a kind: "image", "video", "audio"."""
    wanted = set(content_types)
    return [f for f in files if (mimetypes.guess_type(f)[0] or "").partition("/")[0] in wanted]


def recursive_search(
    directory: str, excluded_dir_names: Iterable[str] | None = None
) -> tuple[list[str], dict[str, float]]:
    """Return all files below a folder as relative names, and when its folders changed."""
    excluded, names, times = set(excluded_dir_names or ()), [], {}
    for folder, subfolders, files in walk_folder(Path(directory)):
        subfolders[:] = [name for name in subfolders if name not in excluded]
        times[folder] = Path(folder).stat().st_mtime
        names += [os.path.relpath(Path(folder) / file, directory) for file in files]
    return names, times


def filter_files_extensions(files: Iterable[str], extensions: Iterable[str]) -> list[str]:
    """Return the files with one of the extensions, sorted; no extension lets all through."""
    wanted = set(extensions)
    return sorted(f for f in files if not wanted or Path(f).suffix.lower() in wanted)


_VALUES: dict[str, Callable[[], Any]] = {
    "folder_names_and_paths": lambda: FolderTable(current().folders),
    "base_path": lambda: str(current().folders.base),
    "models_dir": lambda: str(current().folders.base / "models"),
    "input_directory": get_input_directory,
    "output_directory": get_output_directory,
    "temp_directory": get_temp_directory,
    "user_directory": get_user_directory,
}


def __getattr__(name: str) -> Any:
    # The folders are known only once a host is there.
    if name in _VALUES:
        return _VALUES[name]()
    raise missing(__name__, name)
