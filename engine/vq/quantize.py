"""From a continuous code to tokens and back, for pictures: latents (B, D, h, w), token grids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.types import CodebookDict, TokenGrid
from engine.vq.codebook import closeness, linear_scores
from engine.vq.tokens import check_tokens

Rule: TypeAlias = Literal["as trained", "euclidean", "cosine"]
"""How codes are compared: "as trained" is the smallest distance, or the largest logit where the
codebook was trained with Gumbel noise."""


class Quantized(NamedTuple):
    """Attributes: distances: (B, h, w) float32, >= 0, from each vector to the code it got.

    In units of the code for "euclidean", 1 - cosine for "cosine", and -ln of the token's
    probability where the codebook has logits.
    """

    grid: TokenGrid
    distances: torch.Tensor


def quantize(
    latent: torch.Tensor,
    codebook: CodebookDict,
    *,
    rule: Rule = "as trained",
    temperature: float = 0.0,
    top_k: int = 1,
    seed: int = 0,
) -> Quantized:
    """Return a token for each cell: the nearest code, or one drawn among the `top_k` nearest.

    Drawn with probability ∝ exp(-gap / (temperature · mean gap)): a gap is how much less a
    candidate scores than the best one of its cell (Euclidean: half the difference of squared
    distances). Measured in their mean, so that the same temperature does alike in every codebook.

    Args:
        latent: (B, D, h, w).
        temperature: >= 0; 0 takes the nearest.
        top_k: Candidates in each cell, 1 to K; 1 takes the nearest.
        seed: Of the draws; item i of a batch does not depend on the memory at hand.

    Raises: InvalidValueError, when the widths differ, a number is out of range, or the rule does
        not fit the codebook.
    """
    vectors = _vectors(latent, codebook)
    size = len(codebook["codes"])
    if not 1 <= top_k <= size:
        raise InvalidValueError('input "top_k"', top_k, f"1 to {size}, the codes there are")
    if temperature < 0:
        raise InvalidValueError('input "temperature"', temperature, "0 or more")
    draws = torch.rand(len(vectors), generator=torch.Generator().manual_seed(seed))
    tokens = torch.cat(
        [
            _pick(scores, temperature, top_k, draws[rows].to(scores.device))
            for rows, scores in _scores(vectors, codebook, rule)
        ]
    )
    shape = (latent.shape[0], *latent.shape[2:])
    distances = _distances(vectors, tokens, codebook, rule).reshape(shape)
    grid: TokenGrid = {"tokens": tokens.reshape(shape).cpu(), "size": size}
    return Quantized(grid, distances.cpu())


def look_up(grid: TokenGrid, codebook: CodebookDict) -> torch.Tensor:
    """Return the codes of a token grid, (B, D, h, w) float32.

    Raises: InvalidValueError, when the grid is none or belongs to a codebook of another size.
    """
    tokens = check_tokens(grid)
    size = len(codebook["codes"])
    if grid["size"] != size:
        raise InvalidValueError(
            'input "tokens"', grid["size"], f"tokens of {size} codes, as the codebook has"
        )
    return functional.embedding(tokens, codebook["codes"]).movedim(-1, 1).contiguous()


def _vectors(latent: torch.Tensor, codebook: CodebookDict) -> torch.Tensor:
    """Return the cells as (N, D)."""
    width = codebook["codes"].shape[1]
    if latent.dim() != 4 or latent.shape[1] != width or latent.numel() == 0:
        raise InvalidValueError(
            'input "latent"',
            list(latent.shape),
            f"[B, {width}, h, w], as wide as the codebook",
            "Use the codebook of the model that encoded the picture.",
        )
    return latent.movedim(1, -1).flatten(0, 2).float()


def _scores(
    vectors: torch.Tensor, codebook: CodebookDict, rule: Rule
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield (which vectors, their scores (n, K)); a better code has more."""
    start = 0
    for scores in _score_blocks(vectors, codebook, rule):
        yield slice(start, start + len(scores)), scores
        start += len(scores)


def _score_blocks(
    vectors: torch.Tensor, codebook: CodebookDict, rule: Rule
) -> Iterator[torch.Tensor]:
    logits = codebook.get("logits")
    if logits is None:
        codes = codebook["codes"].to(vectors.device)
        return closeness(vectors, codes, metric="cosine" if rule == "cosine" else "euclidean")
    if rule != "as trained":
        raise InvalidValueError(
            'input "metric"',
            rule,
            '"as trained"',
            "This codebook was trained with Gumbel noise: what its encoder gives lies near no"
            " code.",
        )
    weight, bias = (tensor.to(vectors.device) for tensor in logits)
    return linear_scores(vectors, weight, bias)


def _pick(
    scores: torch.Tensor, temperature: float, top_k: int, draws: torch.Tensor
) -> torch.Tensor:
    """Return one code for each row of (n, K) scores; `draws` (n,) are uniform in [0, 1)."""
    if temperature == 0 or top_k == 1:
        return scores.argmax(1)
    best = scores.topk(top_k, dim=1)
    gaps = best.values[:, :1] - best.values
    scale = temperature * gaps.mean(1, keepdim=True)
    weights = torch.exp(-gaps / scale.clamp(min=torch.finfo(scale.dtype).tiny))
    reached = weights.cumsum(1) > draws[:, None] * weights.sum(1, keepdim=True)
    first = reached.float().argmax(1, keepdim=True)
    return best.indices.gather(1, first).squeeze(1)


def _distances(
    vectors: torch.Tensor, tokens: torch.Tensor, codebook: CodebookDict, rule: Rule
) -> torch.Tensor:
    if "logits" in codebook:
        surprises = [
            scores.logsumexp(1) - scores.gather(1, tokens[rows, None])[:, 0]
            for rows, scores in _scores(vectors, codebook, rule)
        ]
        return torch.cat(surprises).clamp(min=0)
    codes = functional.embedding(tokens, codebook["codes"].to(vectors.device))
    if rule == "cosine":
        return (1 - functional.cosine_similarity(vectors, codes, dim=1)).clamp(min=0)
    return (vectors - codes).square().sum(1).sqrt()
