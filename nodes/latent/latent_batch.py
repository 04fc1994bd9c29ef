"""Latents in batches: pick, repeat, join and split them, and choose how they share a seed."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Literal

from engine.errors import InvalidValueError
from engine.imaging.checks import check_latent
from engine.imaging.latents import batch_index, fitted, joined, masks_of, part, with_samples
from engine.registry.decorator import node
from engine.registry.widgets import Input, Number, Output
from engine.types import Latent, LatentDict


@node("LatentFromBatch", title="Latent From Batch", category="latent/batch")
def latent_from_batch(
    samples: Latent,
    batch_index: Annotated[int, Number(0, 63, 1)] = 0,
    length: Annotated[int, Number(1, 64, 1)] = 1,
) -> Latent:
    """Take some latents out of a batch. Sampled again, each gets the same noise as before.

    Args:
        batch_index: The first one to take, counted from 0.
        length: How many; fewer where the batch ends.
    """
    count = check_latent(samples).shape[0]
    if batch_index >= count:
        raise InvalidValueError(
            'input "batch_index"', batch_index, f"0 to {count - 1}, a place in the batch"
        )
    return part(samples, slice(batch_index, batch_index + length))


@node("RepeatLatentBatch", title="Repeat Latent Batch", category="latent/batch")
def repeat_latent_batch(samples: Latent, amount: Annotated[int, Number(1, 64, 1)] = 1) -> Latent:
    """Repeat a batch of latents; every copy is sampled with noise of its own.

    Args:
        amount: How often the whole batch appears.
    """
    result = samples.copy()
    result["samples"] = check_latent(samples).repeat(amount, 1, 1, 1)
    masks = masks_of(samples)
    if masks is not None:
        result["noise_mask"] = masks.repeat(amount, 1, 1, 1)
    if "batch_index" in samples:
        places = samples["batch_index"]
        offset = max(places) - min(places) + 1
        result["batch_index"] = [
            place + copy * offset for copy in range(amount) for place in places
        ]
    return result


@node("LatentBatch", category="latent/batch")
def latent_batch(samples1: Latent, samples2: Latent) -> Latent:
    """Put the latents of two batches into one, the first ones first.

    Args:
        samples2: Brought to the size of `samples1`, cut where the aspect ratios differ.
    """
    return joined([samples1, with_samples(samples2, fitted(samples1, samples2))])


@node("RebatchLatents", title="Rebatch Latents", category="latent/batch", list_input=True)
def rebatch_latents(
    latents: list[Latent],
    batch_size: Annotated[list[int], Number(1, 4096, 1), Input(extra=(("default", 1),))],
) -> Annotated[list[Latent], Output("LATENT", is_list=True)]:
    """Split and join latents into batches of a given size, in order.

    A batch holds latents of one size only, so a change of size starts a new one.

    Args:
        latents: A list of batches.
        batch_size: Latents in a batch; the last one may have fewer.
    """
    size = batch_size[0]
    singles = [
        part(latent, slice(place, place + 1))
        for latent in latents
        for place in range(check_latent(latent, "latents").shape[0])
    ]
    groups = [list(alike) for _, alike in groupby(singles, key=_shape)]
    return [
        joined(group[start : start + size])
        for group in groups
        for start in range(0, len(group), size)
    ]


def _shape(latent: LatentDict) -> tuple[int, ...]:
    return tuple(latent["samples"].shape[1:])


@node("LatentBatchSeedBehavior", category="latent/advanced")
def latent_batch_seed_behavior(
    samples: Latent, seed_behavior: Literal["random", "fixed"] = "fixed"
) -> Latent:
    """Choose whether the latents of a batch are sampled with the same noise.

    Args:
        seed_behavior: "fixed" gives all the noise of the first one, "random" each its own.
    """
    count = check_latent(samples).shape[0]
    result = samples.copy()
    if seed_behavior == "fixed":
        result["batch_index"] = [batch_index(samples)[0]] * count
    else:
        result.pop("batch_index", None)
    return result
