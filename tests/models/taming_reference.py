"""A VQGAN of taming-transformers as a plain function of its weights, under their own names.

Written from the architecture (arXiv:2012.09841, appendix; the same halves as arXiv:2112.10752),
apart from diffusers and from the engine's tables of names.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional as f

Weights = Mapping[str, torch.Tensor]


def encode(w: Weights, pixels: torch.Tensor, groups: int) -> torch.Tensor:
    """Return the continuous code (B, D, h, w) of pixels (B, 3, H, W) in [-1, 1]."""
    h = _conv(w, "encoder.conv_in", pixels)
    level = 0
    while f"encoder.down.{level}.block.0.conv1.weight" in w:
        h = _level(w, f"encoder.down.{level}", h, groups)
        if f"encoder.down.{level}.downsample.conv.weight" in w:
            h = f.pad(h, (0, 1, 0, 1))
            h = _conv(w, f"encoder.down.{level}.downsample.conv", h, stride=2, padding=0)
        level += 1
    h = _middle(w, "encoder.mid", h, groups)
    h = _conv(w, "encoder.conv_out", _swish(_norm(w, "encoder.norm_out", h, groups)))
    return _conv(w, "quant_conv", h, padding=0)


def decode(w: Weights, codes: torch.Tensor, groups: int) -> torch.Tensor:
    """Return pixels of codes (B, D, h, w), which are not quantised."""
    h = _conv(w, "decoder.conv_in", _conv(w, "post_quant_conv", codes, padding=0))
    h = _middle(w, "decoder.mid", h, groups)
    levels = 0
    while f"decoder.up.{levels}.block.0.conv1.weight" in w:
        levels += 1
    for level in reversed(range(levels)):
        h = _level(w, f"decoder.up.{level}", h, groups)
        if level:
            h = f.interpolate(h, scale_factor=2.0, mode="nearest")
            h = _conv(w, f"decoder.up.{level}.upsample.conv", h)
    return _conv(w, "decoder.conv_out", _swish(_norm(w, "decoder.norm_out", h, groups)))


def _level(w: Weights, name: str, h: torch.Tensor, groups: int) -> torch.Tensor:
    block = 0
    while f"{name}.block.{block}.conv1.weight" in w:
        h = _residual(w, f"{name}.block.{block}", h, groups)
        if f"{name}.attn.{block}.q.weight" in w:
            h = _attention(w, f"{name}.attn.{block}", h, groups)
        block += 1
    return h


def _middle(w: Weights, name: str, h: torch.Tensor, groups: int) -> torch.Tensor:
    h = _residual(w, f"{name}.block_1", h, groups)
    if f"{name}.attn_1.q.weight" in w:
        h = _attention(w, f"{name}.attn_1", h, groups)
    return _residual(w, f"{name}.block_2", h, groups)


def _residual(w: Weights, name: str, x: torch.Tensor, groups: int) -> torch.Tensor:
    h = _conv(w, f"{name}.conv1", _swish(_norm(w, f"{name}.norm1", x, groups)))
    h = _conv(w, f"{name}.conv2", _swish(_norm(w, f"{name}.norm2", h, groups)))
    if f"{name}.nin_shortcut.weight" in w:
        x = _conv(w, f"{name}.nin_shortcut", x, padding=0)
    return x + h


def _attention(w: Weights, name: str, x: torch.Tensor, groups: int) -> torch.Tensor:
    h = _norm(w, f"{name}.norm", x, groups)
    q, k, v = (_conv(w, f"{name}.{part}", h, padding=0).flatten(2) for part in "qkv")
    share = torch.softmax(q.transpose(1, 2) @ k * q.shape[1] ** -0.5, dim=2)
    mixed = (v @ share.transpose(1, 2)).reshape(x.shape)
    return x + _conv(w, f"{name}.proj_out", mixed, padding=0)


def _conv(
    w: Weights, name: str, x: torch.Tensor, *, stride: int = 1, padding: int = 1
) -> torch.Tensor:
    return f.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, padding)


def _norm(w: Weights, name: str, x: torch.Tensor, groups: int) -> torch.Tensor:
    return f.group_norm(x, groups, w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-6)


def _swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)
