"""What came of a job, or of a start that must fail."""

from __future__ import annotations

import subprocess

from tests.e2e.server_process import PATIENCE_S, ROOT, ServerProcess


def succeeded(entry: dict[str, object]) -> bool:
    status = entry["status"]
    assert isinstance(status, dict)
    return status["status_str"] == "success" and bool(status["completed"])


def messages(entry: dict[str, object], kind: str) -> list[dict[str, object]]:
    status = entry["status"]
    assert isinstance(status, dict)
    return [data for found, data in status["messages"] if found == kind]


def fails_to_start(server: ServerProcess) -> str:
    """Start a server that must not come up; return what it printed."""
    done = subprocess.run(
        server.command(), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed
    return printed
