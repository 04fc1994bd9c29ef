"""The tables of the job database, as the steps that lead to them."""

from __future__ import annotations

MIGRATIONS = (
    # What a client sent lies in a table of its own: changing a job's state then rewrites a few
    # bytes, not the whole prompt.
    """
    CREATE TABLE job (
        id TEXT PRIMARY KEY, number REAL NOT NULL, turn INTEGER NOT NULL, state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0, worker TEXT,
        submitted_ms INTEGER, started_ms INTEGER, finished_ms INTEGER,
        finished_seq INTEGER, size_bytes INTEGER, error TEXT
    ) WITHOUT ROWID;
    CREATE INDEX job_by_state ON job (state, number);
    CREATE INDEX job_by_finish ON job (finished_seq, size_bytes) WHERE finished_seq IS NOT NULL;
    CREATE TABLE request (
        job_id TEXT PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
        prompt BLOB NOT NULL, outputs BLOB NOT NULL, extra_data BLOB NOT NULL
    );
    CREATE TABLE output (
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        node_id TEXT NOT NULL, ui BLOB NOT NULL, meta BLOB NOT NULL,
        PRIMARY KEY (job_id, node_id)
    );
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        type TEXT NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX message_by_job ON message (job_id, seq);
    """,
    # What is true of the queue as a whole, while it is true: "paused".
    "CREATE TABLE queue_state (name TEXT PRIMARY KEY) WITHOUT ROWID",
)
