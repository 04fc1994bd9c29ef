"""A part of the fuzzing that `network_fuzz.py` does in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.network_fuzz import GROWTH_BYTES, HANG_S, PARSERS, fuzz


@pytest.mark.timeout(600)  # a minute on a machine that is busy
async def test_two_thousand_broken_inputs_are_answered_without_a_failure(tmp_path: Path) -> None:
    tally = await fuzz(tmp_path, 2000, seed=7)
    assert tally.failures() == []
    assert sum(sum(counts.values()) for counts in tally.statuses.values()) == 2000
    assert len(tally.statuses) == len(PARSERS)
    assert tally.slowest_s < HANG_S
    assert tally.growth_bytes < GROWTH_BYTES
    for parser in ("api_prompt", "canvas_workflow", "multipart", "picture_file", "small_json"):
        assert tally.statuses[parser][200] > 20, "many inputs get past the first check"
