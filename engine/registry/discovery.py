"""Finds node types: the built-in modules, and the artist's packs, each on its own risk."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from engine.registry.decorator import node_specs
from engine.registry.missing_modules import install_command, missing_module
from engine.registry.pack_folders import pack_paths
from engine.registry.packs import read_exports, run_file
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec

SLOW_S = 20.0

_APP_ROOT = Path(__file__).parents[2]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReport:
    """How loading one pack went.

    Attributes:
        name: Folder name, or file name without ".py".
        path: The folder or file.
        seconds: Time its import took.
        node_types: Ids it has added.
        error: Why the whole pack was left out, in one line; None when it was not.
        traceback: The full text behind `error`.
        missing_module: The Python module whose absence is the error, when an installation helps.
        install_command: What installs it into the Python that runs packs.
        skipped_names: Ids it wanted that belong to built-in nodes.
        failed_types: Ids of single node types that could not be read, with the reason.
        web: Folders of browser files, by the name they are served under.
    """

    name: str
    path: Path
    seconds: float = 0.0
    node_types: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None
    missing_module: str | None = None
    install_command: str | None = None
    skipped_names: tuple[str, ...] = ()
    failed_types: dict[str, str] = field(default_factory=dict)
    web: dict[str, Path] = field(default_factory=dict)


def compat_path() -> None:
    """Put the modules packs import from their host, and the application, on the import path."""
    for position, folder in enumerate((_APP_ROOT / "engine" / "compat", _APP_ROOT)):
        if str(folder) not in sys.path:
            sys.path.insert(position, str(folder))


def load_builtin(registry: Registry, package: ModuleType) -> None:
    """Add the nodes of every module in `package`.

    Raises: ValueError, when two modules declare the same type; whatever an import raises.
    """
    for name in _module_names(package):
        for spec in node_specs(importlib.import_module(name)):
            if spec.type_id in registry:
                other = registry[spec.type_id].python_module
                raise ValueError(f"node {spec.type_id} is declared in {other} and in {name}")
            registry.add(spec, builtin=True)


def load_packs(
    registry: Registry,
    roots: Iterable[Path],
    *,
    enabled: bool = True,
    allow: Collection[str] = frozenset(),
    adapt: Callable[[NodeSpec], NodeSpec] = lambda spec: spec,
) -> list[PackReport]:
    """Import the packs in `roots` and add their nodes; call it outside of any event loop.

    A pack that fails is reported and adds nothing; a node type that cannot be read fails alone.
    Names of built-in nodes cannot be taken over, their titles can; among packs the last one wins.

    Args:
        roots: Folders of packs, in order; those that do not exist are passed over.
        enabled: False loads only the packs that `allow` names.
        adapt: Applied to each node type before it is added.
    """
    return [
        _load_pack(registry, path, adapt)
        for path in pack_paths(roots, enabled=enabled, allow=allow)
        if path.is_file() or (path / "__init__.py").is_file()
    ]


def with_web_folders(pack: PackReport, folders: Mapping[str, str]) -> PackReport:
    """Return a report with the folders of browser files that the pack added by hand.

    Args:
        folders: Folders by name, as all packs have added them.
    """
    root = pack.path.resolve()
    own = {name: Path(folder) for name, folder in folders.items()}
    own = {name: path for name, path in own.items() if path.resolve().is_relative_to(root)}
    return replace(pack, web={**pack.web, **own})


def run_prestartup(
    roots: Iterable[Path], *, enabled: bool = True, allow: Collection[str] = frozenset()
) -> list[PackReport]:
    """Run every pack's prestartup_script.py; the arguments are those of `load_packs`."""
    return [
        _prestart_pack(path)
        for path in pack_paths(roots, enabled=enabled, allow=allow)
        if (path / "prestartup_script.py").is_file()
    ]


def _module_names(package: ModuleType) -> list[str]:
    def fail(name: str) -> None:
        raise  # walk_packages calls this while it handles the import's error

    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=fail)
    return sorted(module.name for module in found)


def _load_pack(registry: Registry, path: Path, adapt: Callable[[NodeSpec], NodeSpec]) -> PackReport:
    start = time.perf_counter()
    try:
        with _told_when_slow(path):
            exports = read_exports(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a pack's code may raise anything
        return _failure(path, start, error)
    added: list[str] = []
    skipped: list[str] = []
    for spec in exports.specs:
        (added if registry.add(adapt(spec)) else skipped).append(spec.type_id)
    for type_id, title in exports.titles.items():
        if type_id in registry:
            registry.rename(type_id, title)
    failed_types = dict(exports.failed_types)
    for step in exports.replacements:
        try:
            registry.add_replacement(step)
        except ValueError as error:
            failed_types[step.old_type] = str(error)
    return PackReport(
        name=path.stem if path.is_file() else path.name,
        path=path,
        seconds=time.perf_counter() - start,
        node_types=tuple(added),
        skipped_names=tuple(skipped),
        failed_types=failed_types,
        web=exports.web,
    )


def _prestart_pack(path: Path) -> PackReport:
    start = time.perf_counter()
    try:
        with _told_when_slow(path):
            run_file(path / "prestartup_script.py")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a pack's code may raise anything
        return _failure(path, start, error)
    return PackReport(name=path.name, path=path, seconds=time.perf_counter() - start)


@contextmanager
def _told_when_slow(path: Path) -> Iterator[None]:
    """Name a pack whose import takes long: while it blocks, nothing else can say why."""
    text = (
        'Pack "%s": its import has taken %g s and goes on. If it never ends, add ".disabled" to'
        " the name of %s and start again."
    )
    timer = threading.Timer(SLOW_S, _log.warning, (text, path.name, SLOW_S, path))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _failure(path: Path, start: float, error: BaseException) -> PackReport:
    missing = missing_module(error)
    return PackReport(
        name=path.stem if path.is_file() else path.name,
        path=path,
        seconds=time.perf_counter() - start,
        error=f"{type(error).__name__}: {error}".rstrip(": "),
        traceback="".join(traceback.format_exception(error)),
        missing_module=missing,
        install_command=install_command(path, missing) if missing else None,
    )
