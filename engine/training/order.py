"""Which items a step sees, and its random numbers: both follow from the seed and the step alone.

So a run that goes on after a kill needs no saved generator to see what it would have seen.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import torch


def generator_of(seed: int, *place: int | str) -> torch.Generator:
    """Return a generator on the CPU for a place in the run, for instance ("step", 12)."""
    text = "/".join(map(str, (seed, *place)))
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    return torch.Generator().manual_seed(number % 2**63)


def batch_indices(number: int, batch: int, length: int, seed: int) -> list[int]:
    """Return the items of a batch: every item once, in a new order each time round.

    Args:
        number: Of the batch, from 0.
        length: Items in the data set.
    """
    places = range(number * batch, (number + 1) * batch)
    return [_order(place // length, length, seed)[place % length] for place in places]


@lru_cache(maxsize=8)
def _order(turn: int, length: int, seed: int) -> list[int]:
    return torch.randperm(length, generator=generator_of(seed, "order", turn)).tolist()
