"""Named points at which a process kills itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.faultpoints import POINTS, armed

ROOT = Path(__file__).resolve().parents[1]
PASS_THREE = (
    "from engine.faultpoints import reach\n"
    "for number in range(1, 4):\n"
    "    reach('submit'); reach('claim'); print(number, flush=True)\n"
)


def passings(**environment: str) -> tuple[int, list[str]]:
    """Run three passings of two points; return the exit status and what was printed."""
    done = subprocess.run(
        [sys.executable, "-c", PASS_THREE],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.split()


def test_unset_nothing_happens() -> None:
    reach = armed({})
    passed = 0
    for point in POINTS:
        reach(point)
        passed += 1
    assert passed == len(POINTS)


@pytest.mark.parametrize("text", ["nowhere", "claim:x", "claim:-1", "claim:1:2"])
def test_a_point_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected one of submit, claim"):
        armed({"TESSERA_KILL_AT": text})


def test_a_process_dies_at_the_nth_passing_of_its_point() -> None:
    assert passings(TESSERA_KILL_AT="claim") == (-signal.SIGKILL, [])
    assert passings(TESSERA_KILL_AT="claim:3") == (-signal.SIGKILL, ["1", "2"])
    assert passings(TESSERA_KILL_AT="claim:4") == (0, ["1", "2", "3"])


def test_only_one_process_dies_for_one_token(tmp_path: Path) -> None:
    token = str(tmp_path / "token")
    assert passings(TESSERA_KILL_AT="submit:2", TESSERA_KILL_ONCE=token)[0] == -signal.SIGKILL
    assert passings(TESSERA_KILL_AT="submit:2", TESSERA_KILL_ONCE=token)[0] == 0
