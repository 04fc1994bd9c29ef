"""Attention, for networks that packs bring along."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)


def optimized_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    heads: int,
    mask: Tensor | None = None,
    attn_precision: torch.dtype | None = None,
    skip_reshape: bool = False,
    skip_output_reshape: bool = False,
    **more: Any,
) -> Tensor:
    """Return softmax(q k^T / sqrt(d) + mask) v, (B, T, heads * d).

    Args:
        q: (B, T, heads * d), or (B, heads, T, d) with `skip_reshape`; k and v alike.
        mask: Added to the scores, or bool (True takes part); broadcasts to (B, heads, T, S) from
            (T, S), or from (B, T, S).
        attn_precision: The type scores are computed in; None for that of `q`.
        skip_output_reshape: Return (B, heads, T, d).
    """
    if not skip_reshape:
        q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    if mask is not None and mask.dim() == 3:
        mask = mask.unsqueeze(1)
    dtype = q.dtype
    if attn_precision is not None:
        q, k, v = (x.to(attn_precision) for x in (q, k, v))
    if mask is not None and mask.dtype is not torch.bool:
        mask = mask.to(q.dtype)
    result = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).to(dtype)
    return result if skip_output_reshape else result.transpose(1, 2).flatten(2)


optimized_attention_masked = optimized_attention
