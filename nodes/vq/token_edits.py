"""Nodes that change token grids."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch

from engine.imaging.checks import check_mask
from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Codebook, Latent, Mask, Tokens
from engine.vq.quantize import look_up, quantize
from engine.vq.tokens import check_pair, mixed, noisy, replaced

_ANY = -1
Token = Annotated[int, Number(0, 65535)]


class Interpolation(NamedTuple):
    """The nearest tokens of the blended codes, and the blended codes themselves."""

    tokens: Tokens
    latent: Latent


@node("VQReplaceTokens", category="vq/tokens", title="VQ Replace Tokens")
def vq_replace_tokens(
    tokens: Tokens,
    find: Annotated[int, Number(_ANY, 65535)] = _ANY,
    replace: Token = 0,
    mask: Mask | None = None,
) -> Tokens:
    """Put one token in place of another, or of all, everywhere or under a mask.

    Numbers can be read off VQ Codebook View.

    Args:
        find: The token to replace; -1 stands for every token.
        replace: The token that takes its place.
        mask: Where to replace: cells it covers by half or more. Of any size.
    """
    old = None if find == _ANY else find
    return replaced(tokens, old, replace, None if mask is None else check_mask(mask))


@node("VQMixTokens", category="vq/tokens", title="VQ Mix Tokens")
def vq_mix_tokens(tokens_a: Tokens, tokens_b: Tokens, mask: Mask) -> Tokens:
    """Lay one token grid over another; the decoder joins them at the seam.

    Args:
        tokens_a: Stays where the mask is 0.
        tokens_b: Shows where the mask is 1; of the same size and codebook.
        mask: Of any size; a cell it covers by half or more takes tokens_b.
    """
    return mixed(tokens_a, tokens_b, check_mask(mask))


@node("VQInterpolateTokens", category="vq/tokens", title="VQ Interpolate Tokens")
def vq_interpolate_tokens(
    tokens_a: Tokens,
    tokens_b: Tokens,
    codebook: Codebook,
    factor: Annotated[float, Number(0, 1, step=0.01)] = 0.5,
) -> Interpolation:
    """Blend two token grids in code space, and find the tokens nearest to the blend.

    The latent holds the blend as it is; VQ Decode Continuous Code shows it.

    Args:
        tokens_a: All there is at factor 0.
        tokens_b: All there is at factor 1; of the same size and codebook.
        factor: How far to go from tokens_a to tokens_b.
    """
    ours, theirs = check_pair(tokens_a, tokens_b)
    size = tokens_a["size"]
    start, end = (look_up({"tokens": t, "size": size}, codebook) for t in (ours, theirs))
    blend = torch.lerp(start, end, factor)
    # Between codes only their distance counts, also where an encoder's tokens come from logits.
    nearest = quantize(blend, {"codes": codebook["codes"]}).grid
    return Interpolation(nearest, {"samples": blend})


@node("VQNoiseTokens", category="vq/tokens", title="VQ Noise Tokens")
def vq_noise_tokens(
    tokens: Tokens,
    percent: Annotated[float, Number(0, 100, step=1)] = 10.0,
    seed: Annotated[int, Number(0, 2**64 - 1, control_after_generate=True)] = 0,
    mask: Mask | None = None,
) -> Tokens:
    """Set a share of the cells to random tokens.

    Args:
        percent: The share, of all cells or of those under the mask.
        seed: Which cells and tokens.
        mask: Where to change: cells it covers by half or more. Of any size.
    """
    return noisy(tokens, percent, seed, None if mask is None else check_mask(mask))
