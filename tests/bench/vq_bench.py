"""Quantising beside a plain matrix product: 64×64 vectors of 256 numbers, 16,384 codes.

Run `python tests/bench/vq_bench.py`; with `--gate` it exits 1 when a budget is not met. Times are
the best of several alternating rounds in one process; memory is what the largest of all calls
added to the peak of the process.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.vq.codebook import nearest_codes
from engine.vq.quantize import quantize

VECTORS, WIDTH, CODES = 64 * 64, 256, 16384
MAX_RATIO = 1.5
"""Nearest codes may take this many times as long as the product of the same matrices."""
MAX_EXTRA_BYTES = 64 << 20
"""The whole table of scores would be 256 MiB."""


def peak_bytes() -> int:
    """Return the largest memory the process has had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def best_times(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the shortest time of each call in seconds, taken in turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def main() -> int:
    """Measure and print; 0 when all budgets are met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gate", action="store_true", help="fail when a budget is not met")
    given = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(VECTORS, WIDTH, generator=generator)
    codes = torch.randn(CODES, WIDTH, generator=generator)
    latent = vectors.reshape(1, 64, 64, WIDTH).movedim(-1, 1)

    nearest_codes(vectors[:64], codes)  # libraries take their memory before it is measured
    before = peak_bytes()
    nearest_codes(vectors, codes)
    extra = peak_bytes() - before
    times = best_times(
        {
            "product": lambda: vectors @ codes.T,
            "nearest codes": lambda: nearest_codes(vectors, codes),
            "cosine": lambda: nearest_codes(vectors, codes, metric="cosine"),
            "drawn among 8": lambda: quantize(latent, {"codes": codes}, temperature=1.0, top_k=8),
        },
        given.rounds,
    )
    ratio = times["nearest codes"] / times["product"]
    for name, seconds in times.items():
        print(f"{name:14} {seconds:7.3f} s  {seconds / times['product']:5.2f} × product")
    print(f"nearest codes / product: {ratio:.2f} (budget {MAX_RATIO})")
    print(f"extra memory: {extra / 2**20:.0f} MiB (budget {MAX_EXTRA_BYTES / 2**20:.0f})")
    met = ratio <= MAX_RATIO and extra <= MAX_EXTRA_BYTES
    return 1 if given.gate and not met else 0


if __name__ == "__main__":
    sys.exit(main())
