"""Settings: frozen, parsed once by `main.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line decided.

    Attributes:
        base: Holds models/, input/, output/, temp/, user/ and custom_nodes/.
        extra_model_paths: `extra_model_paths.yaml` files, in order.
        device: "cpu", "cuda:0" …; None picks the best there is.
        cache: "cost" (default: bounded by bytes, least worth goes first), "classic" (entries the
            current prompt does not need are dropped at its start), "lru" or "none".
        cache_lru: Entries kept with cache="lru".
        ram_cache_bytes, device_cache_bytes, disk_cache_bytes: Bounds of the cache tiers.
        embed_metadata: Write prompt and workflow into saved files.
        preview_method: How pictures of work in progress are made; "none" makes none for anybody,
            None makes them for the prompts whose extra_data asks for some, as the editor's does.
        packs: Load packs from custom_nodes/; `pack_allow_list` names those loaded even when False.
    """

    base: Path
    output: Path | None = None
    input: Path | None = None
    temp: Path | None = None
    user: Path | None = None
    extra_model_paths: tuple[Path, ...] = ()
    device: str | None = None
    cache: Literal["cost", "classic", "lru", "none"] = "cost"
    cache_lru: int = 0
    ram_cache_bytes: int = 4 << 30
    device_cache_bytes: int = 1 << 30
    disk_cache_bytes: int = 10 << 30
    embed_metadata: bool = True
    preview_method: Literal["none", "auto", "latent2rgb", "taesd"] | None = None
    packs: bool = True
    pack_allow_list: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the command line decided about the server.

    Attributes:
        hosts: Addresses to listen on.
        port: The port; 0 lets the system choose one.
        token: What every request must show, or None when nobody but this machine gets here.
        allowed_hosts: Names, besides those of this machine, that a browser may call it by.
        cors_origin: An origin whose pages may use the server, "*" for every one, None for none.
        max_upload_bytes: The largest request body.
        tls_certificate, tls_key: PEM files; both or none.
        web_root: The editor's files.
        web_folders: What of `web_root` is served beside index.html; None for all of it.
        examples: Folder of the workflows that come with Tessera; None where there are none.
        multi_user: Keep settings and workflows of several people apart.
        packs, pack_allow_list: As in `Settings`: whose translations and workflows are offered.
        arguments: The command line, for /system_stats.
    """

    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 8188
    token: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    cors_origin: str | None = None
    max_upload_bytes: int = 100 << 20
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    web_root: Path
    web_folders: frozenset[str] | None = None
    examples: Path | None = None
    multi_user: bool = False
    packs: bool = True
    pack_allow_list: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
