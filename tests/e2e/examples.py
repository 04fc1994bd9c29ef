"""Runs examples of `workflows/` as an artist does, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def write_checkpoint(path: Path, size: str) -> None:
    """Write a checkpoint of the true layout; `size`: as `tests/checkpoints.py` names it."""
    command = [sys.executable, "tests/checkpoints.py", "--size", size, "--out", str(path)]
    subprocess.run(command, cwd=ROOT, check=True)


def run_example(
    base: Path, workflow: str, out: Path, *settings: str
) -> subprocess.CompletedProcess[str]:
    """Run an example with settings as "6.steps=2"; its pictures are in `out`."""
    chosen = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "main.py", "--no-bootstrap", "run", "--cpu", "--base-directory", str(base),
         str(ROOT / "workflows" / workflow), *chosen, "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done
