"""Settings from the command line, and what to tell about packs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from engine.cli.terminal import say
from engine.registry.discovery import PackReport
from engine.registry.pack_text import failures, kept_names
from engine.settings import Settings


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings behind a parsed command line; missing options keep their defaults."""
    options: Mapping[str, Any] = vars(arguments)
    lru = options.get("cache_lru")
    chosen: dict[str, Any] = {}
    if options.get("cache_none"):
        chosen["cache"] = "none"
    elif options.get("cache_classic"):
        chosen["cache"] = "classic"
    elif lru is not None:
        chosen |= {"cache": "lru", "cache_lru": lru}
    return Settings(
        base=arguments.base_directory.absolute(),
        output=options.get("out") or arguments.output_directory,
        input=arguments.input_directory,
        temp=arguments.temp_directory,
        user=arguments.user_directory,
        extra_model_paths=tuple(arguments.extra_model_paths_config),
        device=_device_name(options),
        embed_metadata=not options.get("disable_metadata"),
        preview_method=options.get("preview_method"),
        packs=not arguments.disable_all_custom_nodes,
        pack_allow_list=frozenset(arguments.whitelist_custom_nodes),
        **chosen,
    )


def _device_name(options: Mapping[str, Any]) -> str | None:
    if options.get("cpu"):
        return "cpu"
    number = options.get("cuda_device")
    return None if number is None else f"cuda:{number}"


def report_packs(packs: Sequence[PackReport], *, verbose: bool) -> None:
    """Say on standard error which packs or node types could not be loaded."""
    for pack in packs:
        for failure in failures(pack):
            say(failure)
        if verbose and pack.traceback:
            say(pack.traceback)
        if kept := kept_names(pack):
            say(kept)
