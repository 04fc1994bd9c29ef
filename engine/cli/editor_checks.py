"""The checks of the canvas editor in `web/`, and what this machine lacks for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

_NO_NODE = (
    "Node.js 20 or later with npm is not installed; get it from your system's packages "
    "to check the editor"
)
_NO_BROWSER = (
    "Chromium is not installed (no `chromium` on the PATH); get it from your system's packages "
    "to run the editor in it"
)


@dataclass(frozen=True, slots=True)
class EditorCheck:
    """One command run in `web/`. `lacks`: why it cannot run here, or None."""

    name: str
    command: tuple[str, ...]
    lacks: str | None


def editor_checks(web: Path) -> list[EditorCheck]:
    """Return the checks in their order; the first installs their tools when they changed."""
    npm = shutil.which("npm") if shutil.which("node") else None
    program = npm or "npm"
    no_node = None if npm else _NO_NODE
    no_browser = no_node or (None if shutil.which("chromium") else _NO_BROWSER)
    install = EditorCheck("editor tools", (program, "ci"), no_node)
    return [
        *([] if npm and _tools_are_current(web) else [install]),
        EditorCheck("editor types", (program, "run", "check"), no_node),
        EditorCheck("editor tests", (program, "test"), no_node),
        EditorCheck("editor in a browser", (program, "run", "test:browser"), no_browser),
    ]


def _tools_are_current(web: Path) -> bool:
    installed = web / "node_modules" / ".package-lock.json"
    wanted = web / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= wanted.stat().st_mtime
