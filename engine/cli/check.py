"""`main.py check`: is everything in place? Exits with 1 when something is wrong."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli.compose import settings_from
from engine.cli.terminal import prepare, printable
from engine.errors import EngineError
from engine.registry.discovery import PackReport
from engine.registry.pack_text import failures, kept_names, summary
from engine.settings import Settings
from engine.workers.compose import compose_registry

if TYPE_CHECKING:
    from engine.models.folders import ModelFolders

_PACKAGES: Final = (
    "torch", "diffusers", "transformers", "safetensors", "aiohttp", "pillow", "numpy",
)  # fmt: skip
_SHOWN: Final = 5
_MB: Final = 1 << 20


@dataclass(slots=True)
class Findings:
    """What is told, and what of it is wrong."""

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def section(self, title: str) -> None:
        """Start a section."""
        self.lines += ["", title] if self.lines else [title]

    def tell(self, text: str) -> None:
        """Add a line."""
        self.lines.append(f"  {text}")

    def complain(self, text: str) -> None:
        """Add a line that says what is wrong."""
        self.problems.append(text)
        self.tell(f"! {text}")


def check_command(arguments: argparse.Namespace) -> int:
    """Print what was found; return the exit status."""
    prepare(verbose=arguments.verbose)
    settings = settings_from(arguments)
    found = Findings()
    _check_versions(found)
    _check_device(found, settings.device)
    try:
        _check_engine(found, settings, verbose=arguments.verbose)
    except EngineError as error:
        found.complain(str(error))
    print(printable("\n".join(found.lines)))
    if found.problems:
        count = len(found.problems)
        print(f"\n{count} problem{'s' * (count > 1)} found, marked with !", file=sys.stderr)
    return 1 if found.problems else 0


def _check_versions(found: Findings) -> None:
    found.section("Versions")
    found.tell(f"Python {platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            found.tell(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.complain(f"{package} is not installed; start main.py without --no-bootstrap")


def _check_device(found: Findings, wanted: str | None) -> None:
    import torch

    from engine.models.memory import available_on

    found.section("Devices")
    devices = [torch.device("cpu")]
    devices += [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    for device in devices:
        name = platform.machine()
        if device.type == "cuda":
            name = torch.cuda.get_device_name(device)
        found.tell(f"{device}: {name}, {available_on(device) // _MB} MB free")
    if wanted is not None and wanted not in map(str, devices):
        found.complain(f"the device {wanted} is not there")


def _check_engine(found: Findings, settings: Settings, *, verbose: bool) -> None:
    registry, packs = compose_registry(settings)
    folders: ModelFolders = registry.folders  # type: ignore[assignment]  # what compose makes
    _check_folders(found, folders)
    _list_models(found, folders)
    _check_packs(found, packs, verbose=verbose)
    found.section("Nodes")
    found.tell(f"{len(registry)} node types")


def _check_folders(found: Findings, folders: ModelFolders) -> None:
    found.section("Folders")
    for kind in ("input", "output", "temp", "user"):
        folder = folders.directory(kind)
        reason = _why_not_writable(folder)
        if reason is None:
            found.tell(f"{kind}: {folder}")
        else:
            found.complain(f"{kind}: {folder} {reason}")


def _why_not_writable(folder: Path) -> str | None:
    """Return why files cannot be written there, or None; a missing folder is made when needed."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        return f"cannot be made: {existing} is no folder"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"cannot be written to: no permission for {existing}"
    return None


def _list_models(found: Findings, folders: ModelFolders) -> None:
    found.section("Models")
    total = 0
    for key in sorted(set(folders.keys()) - {"custom_nodes"}):
        names = folders.names(key)
        if names:
            total += len(names)
            more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
            found.tell(f"{key}: {', '.join(names[:_SHOWN])}{more}")
    if not total:
        found.tell(f"none found; put them into {folders.base / 'models'}")


def _check_packs(found: Findings, packs: list[PackReport], *, verbose: bool) -> None:
    found.section("Packs")
    if not packs:
        found.tell("none")
    for pack in packs:
        if not pack.error:
            found.tell(summary(pack))
        if kept := kept_names(pack):
            found.tell(kept)
        for failure in failures(pack):
            found.complain(failure)
        if verbose and pack.traceback:
            found.tell(pack.traceback)
