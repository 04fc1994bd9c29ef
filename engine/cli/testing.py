"""`main.py test`: style, types and all tests, each step with its time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


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
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _step(root: Path, name: str, command: Sequence[str]) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    passed = _run(root, command) == 0
    print(f"== {name}: {'passed' if passed else 'FAILED'}, {time.monotonic() - started:.0f} s\n")
    return passed


def _run(root: Path, command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - own tools
