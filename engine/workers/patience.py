"""How long a pool waits for its workers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Times in seconds.

    Attributes:
        start_s: For a worker to load the engine.
        silence_s: For a sign of life. Code that holds Python's lock that long looks dead, so this
            is generous.
        cancel_s: For a job to obey a cancel; then its worker is ended. One step of sampling or a
            large decode may take minutes on a CPU.
        answer_s: For an answer to a question; then the worker is ended after its job.
        stop_s: For a worker to end when it is told to, and again when a signal asks it to.
        restart_s: Before a worker is started again; doubled with each failure in a row.
        restarts: How often in a row a worker that dies without a job is started again.
        tick_s: Between two looks at a worker, and between its signs of life.
    """

    start_s: float = 600.0
    silence_s: float = 60.0
    cancel_s: float = 180.0
    answer_s: float = 120.0
    stop_s: float = 5.0
    restart_s: float = 0.5
    restarts: int = 5
    tick_s: float = 1.0
