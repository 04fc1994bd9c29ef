"""Puts the engine together from settings: the one place that knows every part."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compat.host import Host, HostLink, NoLink
from engine.compat.host import current as current_host
from engine.compat.host import install as install_host
from engine.errors import EngineError
from engine.models.folders import SHIPPED, ModelFolders
from engine.registry.discovery import (
    PackReport,
    compat_path,
    load_builtin,
    load_packs,
    run_prestartup,
    with_web_folders,
)
from engine.registry.registry import Registry
from engine.registry.spec import Folders
from engine.settings import Settings

if TYPE_CHECKING:
    import torch

    from engine.cache.store import ResultCache
    from engine.execution.runner import Runner
    from engine.models.residency import Residency


class UnusableFolderError(EngineError):
    """A folder that the engine writes to cannot be made.

    Attributes:
        folder: The folder.
        reason: The system's words.
    """

    code = "unusable_folder"

    def __init__(self, folder: Path, cause: OSError) -> None:
        self.folder, self.reason = folder, cause.strerror or str(cause)
        super().__init__(
            f'Folder "{folder}" cannot be made: {self.reason}. Choose another place with '
            "--user-directory or --base-directory."
        )


@dataclass(frozen=True, slots=True)
class Engine:
    """A composed engine.

    Attributes:
        packs: How loading each pack went.
    """

    settings: Settings
    registry: Registry
    packs: Sequence[PackReport]
    cache: ResultCache
    runner: Runner
    residency: Residency

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """Give memory back; the next run computes or loads again what it needs."""
        if free_memory:
            self.cache.free_memory()
        if unload_models or free_memory:
            self.residency.free_all()


def compose_registry(
    settings: Settings, link: HostLink | None = None
) -> tuple[Registry, list[PackReport]]:
    """Load the built-in nodes and the packs.

    Args:
        link: How packs reach browsers; None where no server is.
    """
    folders = ModelFolders(
        settings.base,
        input=settings.input,
        output=settings.output,
        temp=settings.temp,
        user=settings.user,
        extra=settings.extra_model_paths,
    )
    folders.add("checkpoints", SHIPPED)
    compat_path()
    registry = Registry(folders)
    install_host(Host(settings, folders, registry, link or NoLink()))
    roots = [settings.base / "custom_nodes"]
    enabled, allow = settings.packs, settings.pack_allow_list
    early = run_prestartup(roots, enabled=enabled, allow=allow)
    load_builtin(registry, importlib.import_module("nodes"))
    # Imported here: a pack's prestartup script may set up what torch reads when it is imported.
    from engine.compat.hosting.samplers import adopt_names
    from engine.compat.hosting.values import at_border

    packs = load_packs(registry, roots, enabled=enabled, allow=allow, adapt=at_border)
    adopt_names()
    packs = [with_web_folders(pack, current_host().web_dirs) for pack in packs]
    return registry, [*(pack for pack in early if pack.error), *packs]


@contextmanager
def composed(settings: Settings, link: HostLink | None = None) -> Iterator[Engine]:
    """Compose an engine; on leaving, what is being written is finished and files are closed.

    Args:
        link: How packs reach browsers; None where no server is.
    """
    # Imported here: listing nodes needs none of this.
    from engine.cache.disk import DiskTier
    from engine.cache.factory import make_cache
    from engine.cache.files import FileHasher
    from engine.execution.runner import Runner
    from engine.models.library import ModelLibrary
    from engine.models.residency import Residency

    registry, packs = compose_registry(settings, link)
    device = _device(settings)
    user = registry.folders.directory("user")
    kept = user / "cache"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableFolderError(kept, error) from error
    residency = Residency(device)
    hasher = FileHasher(kept / "files.sqlite3")
    disk = None
    if settings.cache == "cost" and settings.disk_cache_bytes:
        disk = DiskTier(kept / "results", settings.disk_cache_bytes)
    cache = make_cache(
        settings.cache,
        lru=settings.cache_lru,
        ram_bytes=settings.ram_cache_bytes,
        device_bytes=settings.device_cache_bytes,
        disk=disk,
    )

    def free_memory() -> None:
        cache.free_memory()
        residency.free_all()

    services: dict[type, object] = {
        Folders: registry.folders,
        Residency: residency,
        ModelLibrary: ModelLibrary(registry.folders, residency, kept / "converted"),
    }
    current_host().services = services
    runner = Runner(
        registry,
        cache,
        services=services,
        file_hasher=hasher,
        environment=environment_of(device, residency.dtype),
        free_memory=free_memory,
        embed_metadata=settings.embed_metadata,
    )
    try:
        yield Engine(settings, registry, packs, cache, runner, residency)
    finally:
        cache.close()
        hasher.close()


def _device(settings: Settings) -> torch.device:
    import torch

    if settings.device is not None:
        return torch.device(settings.device)
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def environment_of(device: torch.device, dtype: torch.dtype) -> str:
    """Return what, besides a node and its inputs, decides the bits of its result."""
    import torch

    version = ".".join(torch.__version__.split(".")[:2])
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return f"{name} {dtype} torch {version}"
