"""VQQuantize."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.imaging.checks import check_latent
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Codebook, Latent, Mask, NodeResult, Tokens, Ui
from engine.vq.codebook import code_usage
from engine.vq.quantize import Rule, look_up, quantize


class Quantization(NamedTuple):
    """Tokens, their codes, how far they are off, and the share of the codebook they use."""

    tokens: Tokens
    latent: Latent
    distance: Mask
    usage: float


@node("VQQuantize", category="vq", title="VQ Quantize")
def vq_quantize(
    latent: Latent,
    codebook: Codebook,
    metric: Rule = "as trained",
    temperature: Annotated[float, Number(0, 100, step=0.05)] = 0.0,
    top_k: Annotated[int, Number(1, 65536)] = 1,
    seed: Annotated[int, Number(0, 2**64 - 1, control_after_generate=True)] = 0,
) -> Quantization | NodeResult:
    """Choose a token for each cell of a continuous code: the nearest code of the codebook.

    The latent that comes out holds the chosen codes themselves. The distance map is brightest
    where a cell lies farthest from its code, so as a mask it covers what the codebook says worst.
    Usage is the share of all codes that occur, from 0 to 1.

    Args:
        latent: Continuous code from VQ Encode, or latents of a model with a VQ first stage.
        codebook: The codebook of the same model.
        metric: "as trained": the smallest distance, or the largest logit of a Gumbel model.
            "euclidean": the smallest distance. "cosine": the same direction, whatever the length.
        temperature: Above 0, draws among the top_k nearest codes; the higher, the more alike are
            their chances. 0 takes the nearest.
        top_k: How many codes to draw among; 1 takes the nearest.
        seed: Of the draws.
    """
    grid, distances = quantize(
        check_latent(latent, "latent"),
        codebook,
        rule=metric,
        temperature=temperature,
        top_k=top_k,
        seed=seed,
    )
    found: Latent = {**latent, "samples": look_up(grid, codebook)}
    usage = code_usage(grid["tokens"], grid["size"])
    farthest = distances.max()
    relative = distances / farthest if farthest > 0 else distances
    text = f"{usage:.1%} of {grid['size']} codes used"
    return NodeResult(Quantization(grid, found, relative, usage), Ui(text=[text]))
