"""`main.py test`: style, types and all tests, each step with its time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.cli.editor_checks import EditorCheck, editor_checks


def test_command(root: Path, pytest_arguments: Sequence[str]) -> int:
    """Run every check, or only pytest when arguments for it are given; return 0 if all passed."""
    python = [sys.executable, "-m"]
    if pytest_arguments:
        return _run(root, [*python, "pytest", *pytest_arguments])
    workers = str(min(4, os.cpu_count() or 1))
    failed = [
        name
        for name, command in (
            ("style", ["ruff", "check", "."]),
            ("format", ["ruff", "format", "--check", "."]),
            ("types", ["mypy"]),
            ("tests", ["pytest", "-n", workers, "--durations=10"]),
        )
        if not _step(root, name, [*python, *command])
    ]
    failed += _check_editor(root / "web", must_run=os.environ.get("CI") == "true")
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _check_editor(web: Path, *, must_run: bool) -> list[str]:
    """Run the editor's checks; return those that failed.

    Args:
        must_run: A check that lacks a program fails; else it is skipped, with the reason.
    """
    failed: list[str] = []
    skipped: list[EditorCheck] = []
    for check in editor_checks(web):
        if check.lacks is None:
            if not _step(web, check.name, check.command, {"TESSERA_PYTHON": sys.executable}):
                failed.append(check.name)
        elif must_run:
            print(f"== {check.name}: {check.lacks}", file=sys.stderr)
            failed.append(check.name)
        else:
            skipped.append(check)
    if skipped:
        print(f"Skipped {len(skipped)} checks of the editor:")
        for check in skipped:
            print(f"  {check.name}: {check.lacks}")
    return failed


def _step(
    folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    passed = _run(folder, command, environment) == 0
    print(f"== {name}: {'passed' if passed else 'FAILED'}, {time.monotonic() - started:.0f} s\n")
    return passed


def _run(folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    env = {**os.environ, **(environment or {})}
    return subprocess.run(command, cwd=folder, env=env, check=False).returncode  # noqa: S603 - own tools
