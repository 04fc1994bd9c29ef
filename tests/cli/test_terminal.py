from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys
from engine.cli.terminal import prepare, say
prepare(verbose={verbose})
print("出")
try:
    raise ValueError("why")
except ValueError:
    logging.getLogger("x").exception("it \\x1b[31m failed")
say("done …")
"""


@pytest.mark.parametrize("verbose", [False, True])
def test_any_text_can_be_written_and_tracebacks_only_on_request(verbose: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(verbose=verbose)],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout == b"\\u51fa\n"
    assert b"it \\ufffd[31m failed\n" in done.stderr
    assert done.stderr.endswith(b"done \\u2026\n")
    assert (b"Traceback" in done.stderr) is verbose
