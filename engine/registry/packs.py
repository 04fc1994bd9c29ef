"""Imports one node pack and reads what it exports (contract §4.6)."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import inspect
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.errors import EngineError
from engine.registry.replacements import NodeReplacement, read_replacements
from engine.registry.spec import NodeSpec
from engine.registry.v1 import v1_spec
from engine.registry.v3.adapter import v3_spec
from engine.registry.v3.node import ComfyNode


class PackExportError(EngineError):
    """A pack was imported but exports nothing that could be nodes.

    Attributes:
        path: The pack.
    """

    code = "pack_without_nodes"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f'Pack "{path.name}": {problem}.')


@dataclass(frozen=True, slots=True)
class PackExports:
    """What a pack exports.

    Attributes:
        specs: Its node types.
        titles: Titles it gives to types, its own or others.
        replacements: What became of types it had before.
        failed_types: Ids of types that could not be read, with the reason.
        web: Folders of browser files, by the name they are served under.
    """

    specs: list[NodeSpec] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    replacements: list[NodeReplacement] = field(default_factory=list)
    failed_types: dict[str, str] = field(default_factory=dict)
    web: dict[str, Path] = field(default_factory=dict)


def read_exports(path: Path) -> PackExports:
    """Import a pack, a folder or a single file, and read its exports.

    When that fails its modules are forgotten again, so nothing imports a half-made pack.

    Raises: PackExportError; whatever the pack's code raises.
    """
    name = _module_name(path)
    try:
        module = run_file(path if path.is_file() else path / "__init__.py", name)
        return _read_module(path, module)
    except BaseException:
        for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]
        raise


def run_file(file: Path, name: str | None = None) -> ModuleType:
    """Import a file that is in no package; it is in sys.modules before its code runs.

    Raises: ImportError, when it is no Python file; whatever its code raises.
    """
    name = name or _module_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f'File "{file}" is no Python file.')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def source_version(path: Path) -> str:
    """Return a hash of a pack's Python sources, names included, as 32 hexadecimal digits."""
    hasher = hashlib.blake2b(digest_size=16)
    for file in _sources(path):
        for part in (str(file.relative_to(path.parent)).encode(), file.read_bytes()):
            hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.hexdigest()


def _sources(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, subfolders, files in os.walk(path):
        # Environments and repositories inside a pack are not its code.
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [Path(folder, name) for name in files if name.endswith(".py")]
    return sorted(found)


def _module_name(path: Path) -> str:
    # Without dots, so that no other module can be taken for the pack's parent (contract §4.6).
    return str(path.resolve()).replace(".", "_x_")


def _read_module(path: Path, module: ModuleType) -> PackExports:
    name = path.stem if path.is_file() else path.name
    exports = PackExports(web=_web_folders(path, name, module))
    for type_id, title in dict(getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", None) or {}).items():
        exports.titles[str(type_id)] = str(title)
    python_module, version = f"custom_nodes.{name}", source_version(path)
    for type_id, cls in _classes(path, module):
        try:
            exports.specs.append(_spec(type_id, cls, python_module, version))
        except Exception as error:  # noqa: BLE001 - the pack's code; reported with the pack
            failed = type_id or str(getattr(cls, "__name__", cls))
            exports.failed_types[failed] = f"{type(error).__name__}: {error}"
    for old_type, declared in dict(getattr(module, "NODE_REPLACEMENTS", None) or {}).items():
        try:
            exports.replacements.extend(read_replacements(str(old_type), declared))
        except TypeError as error:
            exports.failed_types[str(old_type)] = str(error)
    return exports


def _spec(type_id: str | None, cls: Any, python_module: str, version: str) -> NodeSpec:
    cls.RELATIVE_PYTHON_MODULE = python_module
    if inspect.isclass(cls) and issubclass(cls, ComfyNode):
        return v3_spec(cls, type_id=type_id, python_module=python_module, version=version)
    if type_id is None:
        raise TypeError(f"get_node_list() gave {cls!r}, which is no io.ComfyNode")
    return v1_spec(type_id, cls, python_module=python_module, version=version)


def _classes(path: Path, module: ModuleType) -> list[tuple[str | None, Any]]:
    """Return classes with their type ids; those of a V3 extension know their ids themselves."""
    mappings = getattr(module, "NODE_CLASS_MAPPINGS", None)
    if mappings is not None:
        return [(str(type_id), mappings[type_id]) for type_id in mappings]
    entrypoint = getattr(module, "comfy_entrypoint", None)
    if entrypoint is None:
        raise PackExportError(path, "it has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint()")
    return [(None, cls) for cls in asyncio.run(_listed_nodes(path, entrypoint))]


async def _listed_nodes(path: Path, entrypoint: Any) -> list[type[ComfyNode]]:
    extension = entrypoint()
    if inspect.isawaitable(extension):
        extension = await extension
    if not hasattr(extension, "get_node_list"):
        kind = type(extension).__name__
        raise PackExportError(path, f"comfy_entrypoint() returned {kind}, not a ComfyExtension")
    if hasattr(extension, "on_load"):  # what is no ComfyExtension need not have it
        await extension.on_load()
    return list(await extension.get_node_list())


def _web_folders(path: Path, name: str, module: ModuleType) -> dict[str, Path]:
    root = path.parent if path.is_file() else path
    folders: dict[str, Path] = {}
    project_file = root / "pyproject.toml"
    if path.is_dir() and project_file.is_file():
        project = tomllib.loads(project_file.read_text(encoding="utf-8"))
        web = _nested(project, "tool", "comfy", "web")
        title = _nested(project, "project", "name")
        if isinstance(web, str) and isinstance(title, str) and (root / web).is_dir():
            folders[title] = root / web
    web = getattr(module, "WEB_DIRECTORY", None)
    if web is not None and (root / web).is_dir():
        folders[name] = root / web
    return folders


def _nested(table: Mapping[str, Any], *keys: str) -> Any:
    """Return table[key][key]…, or None where one is missing."""
    value: Any = table
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
