"""Jobs for tests of the store."""

from __future__ import annotations

from engine.jobs.model import Job

PROMPT = {"1": {"class_type": "A", "inputs": {"text": "红苹果"}}}


def make_job(job_id: str, number: float = 0.0, client: str | None = None) -> Job:
    extra = {} if client is None else {"client_id": client}
    return Job(id=job_id, number=number, prompt=PROMPT, outputs=("1",), extra_data=extra)
