"""Says how loading packs went: in logs, on the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from engine.registry.discovery import PackReport

_logger = logging.getLogger(__name__)


def summary(pack: PackReport) -> str:
    """Return a line about a pack that was loaded: its time and what it brought."""
    types = ", ".join(pack.node_types) or "none"
    return f"Pack {pack.name}: {pack.seconds:.2f} s; node types: {types}"


def failures(pack: PackReport) -> list[str]:
    """List what of a pack could not be loaded, a line each."""
    if pack.error:
        advice = f". To install it: {pack.install_command}" if pack.install_command else ""
        return [f"Pack {pack.name} was not loaded: {pack.error}{advice}"]
    return [
        f"Pack {pack.name}: node {type_id} was not loaded: {reason}"
        for type_id, reason in pack.failed_types.items()
    ]


def kept_names(pack: PackReport) -> str | None:
    """Return a line about names that the pack wanted and did not get, or None."""
    if not pack.skipped_names:
        return None
    names = ", ".join(pack.skipped_names)
    return f"Pack {pack.name}: built-in nodes keep their names: {names}"


def log_packs(packs: Iterable[PackReport]) -> None:
    """Write a line for each pack into the log, and for each failure with its traceback."""
    for pack in packs:
        if not pack.error:
            _logger.info("%s", summary(pack))
        if kept := kept_names(pack):
            _logger.warning("%s", kept)
        for failure in failures(pack):
            _logger.error("%s%s", failure, f"\n{pack.traceback}" if pack.traceback else "")
