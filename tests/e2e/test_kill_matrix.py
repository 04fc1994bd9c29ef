"""Three hundred kills in the integration run; `kill_matrix.py --kills 5000` is the whole proof."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.kill_matrix import plan, report, run_matrix
from tests.e2e.kill_round import Round
from tests.e2e.kill_victims import Kill

KILLS = 300

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,  # minutes: hundreds of processes are started and killed
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and kills processes"),
]


@pytest.mark.timeout(900)
def test_nothing_is_lost_wherever_a_process_is_killed(tmp_path: Path) -> None:
    rounds = run_matrix(
        KILLS, seed=0, parallel=3, folder=tmp_path, note=lambda number, played: None
    )
    problems = [f"{played.kills}: {played.problem}" for played in rounds if played.problem]
    assert not problems, "\n".join([*problems, report(rounds)])
    verdicts = [verdict for played in rounds for _, verdict in played.verdicts()]
    assert len(verdicts) == KILLS
    assert verdicts.count("survived") >= 0.9 * KILLS, report(rounds)


def test_a_round_kills_one_worker_at_most() -> None:
    rounds = plan(100, seed=3)
    assert sum(len(kills) for kills in rounds) == 100
    assert all([kill.victim for kill in kills].count("worker") == 1 for kills in rounds)


def test_each_kill_gets_the_verdict_of_its_round() -> None:
    kills = [Kill("server", "claim"), Kill("worker", "node-end")]
    good = Round(kills, happened=[True, False])
    assert [verdict for _, verdict in good.verdicts()] == ["survived", "not measured"]
    bad = Round(kills, happened=[True, True], problem="a job is gone")
    assert [verdict for _, verdict in bad.verdicts()] == ["lost", "lost"]
    broken = Round(kills, problem="no port", broken=True)
    assert [verdict for _, verdict in broken.verdicts()] == ["harness broken"] * 2
    assert "harness broken" in report([good, bad, broken])
