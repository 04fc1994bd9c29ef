"""The mathematics of a codebook: nearest codes, losses, moving averages, dead codes.

Sources: VQ-VAE, arXiv:1711.00937; VQGAN, arXiv:2012.09841; dead-code revival as in Jukebox,
arXiv:2005.00341, section 3.2 (there called random restarts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

import torch
from torch import nn
from torch.nn import functional

from engine.errors import InvalidValueError

Metric: TypeAlias = Literal["euclidean", "cosine"]

_SCORE_BYTES: Final = 16 << 20  # one block of scores: as fast as one large product


def as_vectors(code: torch.Tensor) -> torch.Tensor:
    """Return the cells of a code (B, D, h, w) as vectors (B·h·w, D), row-major."""
    return code.movedim(1, -1).flatten(0, 2)


def as_cells(vectors: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return `as_vectors` undone: (B, D, h, w), with the shape of `like`."""
    batch, _, height, width = like.shape
    return vectors.view(batch, height, width, -1).movedim(-1, 1)


def _nothing() -> None:
    pass


def nearest_codes(
    vectors: torch.Tensor, codebook: torch.Tensor, *, metric: Metric = "euclidean"
) -> torch.Tensor:
    """Return for each vector the index of its nearest code, (N,) int64; ties go to the lowest.

    Works through the vectors in blocks, so memory stays bounded whatever N is; always in float32,
    under autocast as well. No gradient.

    Args:
        vectors: (N, D).
        codebook: (K, D).
        metric: "euclidean", the smallest distance (arXiv:1711.00937, Eq. 1); "cosine", the
            smallest angle, whatever the lengths (arXiv:2110.04627, section 3.2).

    Raises: InvalidValueError, when the widths differ or there is no code.
    """
    return torch.cat([scores.argmax(1) for scores in closeness(vectors, codebook, metric=metric)])


def closeness(
    vectors: torch.Tensor, codebook: torch.Tensor, *, metric: Metric = "euclidean"
) -> Iterator[torch.Tensor]:
    """Yield blocks (n, K) float32 of scores, in the order of the vectors; a nearer code has more.

    A block is overwritten by the next one.

    Euclidean: v·e - |e|²/2, which is (|v|² - |v - e|²) / 2. Cosine: the cosine of the angle, 0
    where a vector or a code is 0.

    Args, Raises: as `nearest_codes`.
    """
    check_width("vectors", vectors, codebook)
    codes = codebook.detach().float()
    if metric == "euclidean":
        yield from linear_scores(vectors, codes, codes.square().sum(1) / -2)
    else:
        vectors, codes = (functional.normalize(rows.float(), dim=1) for rows in (vectors, codes))
        yield from linear_scores(vectors, codes, codes.new_zeros(1))


def linear_scores(
    vectors: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> Iterator[torch.Tensor]:
    """Yield blocks (n, K) float32 of vectors·weightᵀ + bias, whatever autocast says. No gradient.

    A block is overwritten by the next one.

    Args:
        vectors: (N, D).
        weight, bias: (K, D) and (K,) or (1,), float32.
    """
    vectors = vectors.detach().float()
    rows = max(1, _SCORE_BYTES // (4 * len(weight)))
    # One piece of memory for all blocks: small results between them would scatter the heap.
    scores = vectors.new_empty(min(rows, len(vectors)), len(weight))
    for block in torch.split(vectors, rows):
        with torch.autocast(vectors.device.type, enabled=False):
            torch.addmm(bias, block, weight.T, out=scores[: len(block)])
        yield scores[: len(block)]


def check_width(name: str, vectors: torch.Tensor, codebook: torch.Tensor) -> None:
    """Raise InvalidValueError unless `vectors` is (N, D) and `codebook` is (K, D), K > 0."""
    if codebook.dim() != 2 or not len(codebook):
        raise InvalidValueError("VQ, codebook", list(codebook.shape), "[K, D] with at least 1 code")
    if vectors.dim() != 2 or vectors.shape[1] != codebook.shape[1]:
        expected = f"[N, {codebook.shape[1]}], as wide as the codebook"
        raise InvalidValueError(f"VQ, {name}", list(vectors.shape), expected)


def straight_through(z: torch.Tensor, quantized: torch.Tensor) -> torch.Tensor:
    """Return `quantized`, whose gradient goes to `z` unchanged. Source: arXiv:1711.00937, 3.2."""
    return z + (quantized - z).detach()


def codebook_loss(z: torch.Tensor, quantized: torch.Tensor) -> torch.Tensor:
    """Return the mean of (sg[z] - e)², which moves codes. Source: arXiv:1711.00937, Eq. 3."""
    return functional.mse_loss(quantized, z.detach())


def commitment_loss(z: torch.Tensor, quantized: torch.Tensor) -> torch.Tensor:
    """Return the mean of (z - sg[e])², which moves the encoder; not weighted with beta yet.

    Source: arXiv:1711.00937, Eq. 3.
    """
    return functional.mse_loss(z, quantized.detach())


def code_counts(tokens: torch.Tensor, size: int) -> torch.Tensor:
    """Return how often each code occurs, (size,) int64.

    Args:
        tokens: int64 of any shape, in [0, size).
    """
    return torch.bincount(tokens.flatten(), minlength=size)


def code_usage(tokens: torch.Tensor, size: int) -> float:
    """Return the share of the codes that occur at least once, in [0, 1]."""
    return int((code_counts(tokens, size) > 0).sum()) / size


class EmaCodebook(nn.Module):
    """A codebook that follows the encoder's output by moving averages instead of a loss.

    Source: arXiv:1711.00937, appendix A.1; Laplace smoothing of the sizes as in DeepMind Sonnet,
    `nets/vqvae.py`. At the start each code stands for one vector, itself.

    Attributes:
        codebook: (K, D) float32.
        cluster_sizes: (K,) float32, N_i: averaged number of vectors in a batch nearest to code i.
        sums: (K, D) float32, m_i: averaged sum of those vectors.
    """

    codebook: torch.Tensor
    cluster_sizes: torch.Tensor
    sums: torch.Tensor

    def __init__(
        self, codebook: torch.Tensor, *, decay: float = 0.99, epsilon: float = 1e-5
    ) -> None:
        """Start from `codebook` (K, D), which is copied.

        Args:
            decay: gamma, the share of the average kept at each update, in [0, 1).
            epsilon: Added to each size, so that an empty cluster divides by no zero.
        """
        super().__init__()
        self.decay, self.epsilon = decay, epsilon
        start = codebook.detach().float()
        self.register_buffer("codebook", start.clone())
        self.register_buffer("cluster_sizes", torch.ones(len(start), device=start.device))
        self.register_buffer("sums", start.clone())

    @torch.no_grad()
    def update(self, vectors: torch.Tensor, codes: torch.Tensor) -> None:
        """Take in one batch: Eq. 6 to 8 of the paper.

        Args:
            vectors: (N, D), what the encoder made.
            codes: (N,) int64, the nearest code of each.

        Raises: InvalidValueError, when the widths differ.
        """
        check_width("vectors", vectors, self.codebook)
        sizes, sums = _cluster_totals(vectors, codes, len(self.codebook))
        self.cluster_sizes.lerp_(sizes, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        total = self.cluster_sizes.sum()
        smoothed = (self.cluster_sizes + self.epsilon) * (
            total / (total + len(self.codebook) * self.epsilon)
        )
        self.codebook.copy_(self.sums / smoothed[:, None])

    @torch.no_grad()
    def revive(
        self, vectors: torch.Tensor, generator: torch.Generator, *, threshold: float
    ) -> torch.Tensor:
        """Replace codes whose size fell under `threshold`; return which changed, (K,) bool.

        A revived code starts anew, standing for one vector.
        """
        revived = revive_dead_codes(
            self.codebook, self.cluster_sizes, vectors, generator, threshold=threshold
        )
        changed = (revived != self.codebook).any(1)
        self.codebook.copy_(revived)
        self.cluster_sizes[changed] = 1.0
        self.sums[changed] = revived[changed]
        return changed


def revive_dead_codes(
    codebook: torch.Tensor,
    usage: torch.Tensor,
    vectors: torch.Tensor,
    generator: torch.Generator,
    *,
    threshold: float = 1.0,
) -> torch.Tensor:
    """Return a codebook whose dead codes are replaced by vectors drawn from the encoder's output.

    No vector is drawn twice; with fewer vectors than dead codes, the last ones stay as they are.

    Args:
        codebook: (K, D).
        usage: (K,), how often each code was used; under `threshold` it is dead.
        vectors: (N, D), recent output of the encoder.
        generator: On the CPU; draws the vectors.

    Raises: InvalidValueError, when the widths differ.
    """
    check_width("vectors", vectors, codebook)
    dead = (usage < threshold).nonzero().flatten()[: len(vectors)]
    drawn = torch.randperm(len(vectors), generator=generator)[: len(dead)]
    revived = codebook.detach().clone()
    revived[dead] = vectors.detach()[drawn.to(vectors.device)].to(revived)
    return revived


def drawn_vectors(vectors: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Return `count` of the vectors (N, D) drawn without repetition, or all if they are no more."""
    if len(vectors) <= count:
        return vectors
    return vectors[torch.randperm(len(vectors), generator=generator)[:count].to(vectors.device)]


def kmeans_codebook(
    vectors: torch.Tensor,
    size: int,
    generator: torch.Generator,
    *,
    iterations: int = 20,
    pulse: Callable[[], None] = _nothing,
) -> torch.Tensor:
    """Return the centres (size, D) float32 of clusters of the vectors, by Lloyd's algorithm.

    Starts from vectors drawn without repetition; a cluster that runs empty restarts at a drawn
    vector. Source: S. Lloyd, "Least squares quantization in PCM", 1982; as the start of a
    codebook: arXiv:2107.03312, section III-C.

    Args:
        vectors: (N, D), N >= size.
        generator: On the CPU.
        pulse: Called before each iteration; what it raises ends the search.

    Raises: InvalidValueError, when there are fewer vectors than codes.
    """
    if len(vectors) < size:
        raise InvalidValueError("VQ, vectors for k-means", len(vectors), f"at least {size}")
    vectors = vectors.detach().float()
    centres = drawn_vectors(vectors, size, generator)
    for _ in range(iterations):
        pulse()
        sizes, sums = _cluster_totals(vectors, nearest_codes(vectors, centres), size)
        centres = revive_dead_codes(sums / sizes.clamp(min=1)[:, None], sizes, vectors, generator)
    return centres


def _cluster_totals(
    vectors: torch.Tensor, codes: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the number (size,) and the sum (size, D) of each cluster's vectors, float32."""
    vectors = vectors.detach().float()
    sums = vectors.new_zeros(size, vectors.shape[1]).index_add_(0, codes, vectors)
    return code_counts(codes, size).to(sums.dtype), sums
