"""What packs bring for the browser. Packs are read as files here; their code never runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine.registry.pack_folders import pack_paths
from engine.server.last_run import LastRun
from engine.server.services import Services
from engine.workers.pool import WorkerPool, WorkerState

TEMPLATE_FOLDERS = ("example_workflows", "example", "examples", "workflow", "workflows")
_TRANSLATIONS = ("main", "nodeDefs", "commands", "settings")
_JSON_BYTES = 8 << 20


class PackFacts(msgspec.Struct):
    """What a worker tells of a pack, as far as the server uses it.

    Attributes:
        web: Folders of browser files by the name they are served under.
    """

    name: str
    web: dict[str, str] = {}


async def told_web_folders(pool: WorkerPool) -> dict[str, str]:
    """Return the packs' folders of browser files, as a worker tells. Raises: WorkerDiedError."""
    packs = msgspec.json.decode(await pool.query("packs"), type=list[PackFacts])
    return {name: folder for pack in packs for name, folder in pack.web.items()}


async def web_folders(pool: WorkerPool, last_run: LastRun) -> dict[str, Path]:
    """Return the packs' folders of browser files; while no worker answers those of the last run.

    None are known while the workers load packs that the last run did not have.
    """
    if any(w.state in (WorkerState.IDLE, WorkerState.BUSY) for w in pool.workers()):
        found = await told_web_folders(pool)
    else:
        remembered = await last_run.recall()
        found = remembered.web if remembered is not None else {}
    return {name: Path(folder) for name, folder in found.items()}


def pack_folders(services: Services) -> list[Path]:
    """Return the folders of the packs that the command line lets in."""
    settings = services.settings
    found = pack_paths(
        services.folders.keys()["custom_nodes"].roots,
        enabled=settings.packs,
        allow=settings.pack_allow_list,
    )
    return [path for path in found if path.is_dir()]


def templates(packs: Iterable[Path]) -> dict[str, Path]:
    """Return the packs' folders of example workflows, by pack."""
    found: dict[str, Path] = {}
    for pack in packs:
        for name in TEMPLATE_FOLDERS:
            if (pack / name).is_dir():
                found[pack.name] = pack / name
                break
    return found


def template_names(packs: Iterable[Path]) -> dict[str, list[str]]:
    """List the example workflows of each pack, without extension."""
    return {
        pack: sorted(path.stem for path in folder.glob("*.json"))
        for pack, folder in templates(packs).items()
    }


def translations(packs: Iterable[Path]) -> dict[str, Any]:
    """Merge the packs' `locales/<language>/*.json`; a damaged file is left out by itself."""
    merged: dict[str, Any] = {}
    for pack in packs:
        for language in _folders_in(pack / "locales"):
            into = merged.setdefault(language.name, {})
            for kind in _TRANSLATIONS:
                found = _read_json(language / f"{kind}.json")
                target = into if kind == "main" else into.setdefault(kind, {})
                _merge(target, found)
    return merged


async def scripts(web_root: Path, packs: Mapping[str, Path]) -> list[str]:
    """List the addresses of all extension scripts: the editor's own and the packs'."""
    roots = {"core": web_root / "extensions" / "core", **packs}
    return await asyncio.to_thread(lambda: [url for name in roots for url in _urls(name, roots)])


def _urls(name: str, roots: dict[str, Path]) -> list[str]:
    root = roots[name]
    files = sorted(root.rglob("*.js"))
    return [f"/extensions/{name}/{file.relative_to(root).as_posix()}" for file in files]


def _folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _JSON_BYTES:
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, RecursionError, UnicodeError):
        return {}


def _merge(into: dict[str, Any], found: dict[str, Any]) -> None:
    for key, value in found.items():
        known = into.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[key] = value
