"""Seconds per picture of the starter model: `python tests/bench/starter_bench.py [--threads N]`.

Goal: 3 s at 64 x 64 pixels and 20 steps on two cores. Loading is not counted. On a machine that
does other work as well, processor time divided by threads is the fairer figure; both are shown.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from tests.golden.starter.starter import PROMPTS, draw


def main() -> None:
    """Draw some pictures and print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    draw(PROMPTS[0], 0, steps=2)
    walls, busy = [], []
    for seed in range(chosen.pictures):
        wall, cpu = time.perf_counter(), time.process_time()
        draw(PROMPTS[seed % len(PROMPTS)], seed)
        walls.append(time.perf_counter() - wall)
        busy.append((time.process_time() - cpu) / chosen.threads)
    print(f"{median(walls):.2f} s per picture, {median(busy):.2f} s of each thread")


if __name__ == "__main__":
    main()
