"""Named points at which a test can kill this process, to prove that nothing is lost there.

With TESSERA_KILL_AT=point or point:n in the environment, the process sends itself SIGKILL at the
n-th passing (default 1). With TESSERA_KILL_ONCE=file as well, only the process that manages to
create that file dies, so that a process started again in its place lives on. Unset, passing a
point costs an empty function call.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Mapping

SERVER_POINTS = ("submit", "claim", "result-write", "history-write", "commit")
"""In the server: inside the transaction that does it; "commit": on disk, but not yet answered."""

WORKER_POINTS = ("node-start", "node-end", "file-write", "file-rename", "cache-rename")
"""In the worker: around a node; before and after an output file gets its name; before a stored
result gets its name."""

POINTS = (*SERVER_POINTS, *WORKER_POINTS)


def armed(environment: Mapping[str, str]) -> Callable[[str], None]:
    """Return the function that is called at each point.

    Raises: ValueError, when TESSERA_KILL_AT names no point.
    """
    text = environment.get("TESSERA_KILL_AT", "")
    if not text:
        return lambda point: None
    target, _, times = text.partition(":")
    if target not in POINTS or not (times or "1").isdecimal():
        raise ValueError(f"TESSERA_KILL_AT={text}: expected one of {', '.join(POINTS)}, then :n")
    passings, lock = itertools.count(1), threading.Lock()
    deadly = int(times or 1)
    token = environment.get("TESSERA_KILL_ONCE")

    def pass_point(point: str) -> None:
        if point != target:
            return
        with lock:
            if next(passings) == deadly and (token is None or _created(token)):
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_point


def _created(token: str) -> bool:
    try:
        os.close(os.open(token, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


reach = armed(os.environ)
"""Say that a point is reached: `reach("claim")`."""
