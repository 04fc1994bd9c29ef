"""Kills servers and workers with SIGKILL at named points and at random, and looks what is lost.

`python tests/e2e/kill_matrix.py [--kills 5000] [--seed N] [--parallel 2]`

A round has one folder with one database. Its server is started, gets prompts over HTTP, and is
killed, or its worker is, several times; then everything may run to its end, and the round is
checked: each prompt that was answered is in history once, finished well, shows each output once,
and each picture that history names is there and whole. Prompts whose answer never came may be
there or not, but not by half. Each kill gets one of four verdicts:

survived        it happened, and the round was found in order
lost            it happened, and the round was not
not measured    the process never came by that point
harness broken  something failed that is no part of what is measured

Servers and workers are the real ones, started by forking (see `zygote`).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.faultpoints import SERVER_POINTS, WORKER_POINTS  # noqa: E402 - found by the line above
from tests.e2e.kill_round import Round, play  # noqa: E402
from tests.e2e.kill_victims import Kill  # noqa: E402

KILLS_PER_ROUND = 4
RANDOM_WITHIN_S = 0.5
VERDICTS = ("survived", "lost", "not measured", "harness broken")


def plan(count: int, seed: int) -> list[list[Kill]]:
    """List rounds with `count` kills altogether: every point alike, a third at random.

    A round kills its worker once at most: a job that kills two workers is failed on purpose.
    """
    chance = random.Random(seed)
    rounds: list[list[Kill]] = []
    left = count
    while left:
        kills = [_server_kill(chance) for _ in range(min(KILLS_PER_ROUND, left))]
        kills[chance.randrange(len(kills))] = _worker_kill(chance)
        rounds.append(kills)
        left -= len(kills)
    return rounds


def _server_kill(chance: random.Random) -> Kill:
    if chance.random() < 1 / 3:
        return Kill("server", "random", delay_s=chance.uniform(0, RANDOM_WITHIN_S))
    point = chance.choice(SERVER_POINTS)
    return Kill("server", point, times=chance.randint(1, 12 if point == "commit" else 2))


def _worker_kill(chance: random.Random) -> Kill:
    if chance.random() < 1 / 3:
        return Kill("worker", "random", delay_s=chance.uniform(0, RANDOM_WITHIN_S))
    return Kill("worker", chance.choice(WORKER_POINTS), times=chance.randint(1, 2))


@contextmanager
def zygote_running(folder: Path) -> Iterator[str]:
    """Run a zygote; give its address."""
    address = str(folder / "zygote")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "e2e" / "zygote.py"), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the zygote did not start")
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.close()


def run_matrix(
    count: int, seed: int, parallel: int, folder: Path, note: Callable[[int, Round], None]
) -> list[Round]:
    """Play rounds with `count` kills altogether."""
    with zygote_running(folder) as address, ThreadPoolExecutor(parallel) as players:

        def play_one(numbered: tuple[int, list[Kill]]) -> Round:
            number, kills = numbered
            played = play(address, folder / f"round{number}", kills)
            note(number, played)
            return played

        return list(players.map(play_one, enumerate(plan(count, seed))))


def report(rounds: Sequence[Round]) -> str:
    """Return a table of verdicts by victim and point."""
    counts: dict[str, Counter[str]] = {}
    for played in rounds:
        for kill, verdict in played.verdicts():
            counts.setdefault(kill.name, Counter())[verdict] += 1
    lines = [f"{'killed':24}" + "".join(f"{verdict:>16}" for verdict in VERDICTS)]
    total: Counter[str] = Counter()
    for name in sorted(counts):
        total += counts[name]
        lines.append(f"{name:24}" + "".join(f"{counts[name][v]:>16}" for v in VERDICTS))
    lines.append(f"{'all':24}" + "".join(f"{total[v]:>16}" for v in VERDICTS))
    answered = sum(len(played.answered) for played in rounds)
    repeated = sum(played.repeated_files for played in rounds)
    lines.append(f"{answered} answered prompts; {repeated} whole pictures that no history names")
    return "\n".join(lines)


def main() -> int:
    """Run from the command line; exit 1 unless every kill was survived or not measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))

    def note(number: int, played: Round) -> None:
        if played.problem is not None:
            print(f"round {number} in {folder}: {played.kills}\n{played.problem}", flush=True)

    rounds = run_matrix(options.kills, options.seed, options.parallel, folder, note)
    print(report(rounds))
    print(f"seed {options.seed}, {time.monotonic() - begun:.0f} s")
    if any(played.problem for played in rounds):
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
