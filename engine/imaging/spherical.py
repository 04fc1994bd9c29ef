"""Interpolation of latents along great circles, for resizing without loss of contrast.

The mean of two unlike noise-like vectors is shorter than either, so bilinear resizing fades a
latent between its cells. Here a cell is a vector of its channels; direction and length are
interpolated apart:

    direction(t) = (sin((1 - t) w) a/|a| + sin(t w) b/|b|) / sin w,   cos w = <a, b> / (|a| |b|)
    length(t)    = (1 - t) |a| + t |b|

first along rows, then along columns, with the weights t of bilinear interpolation. Where the
direction is not defined (a or b is zero, or they are opposite) or the arc is too short to
divide by, a straight line takes its place.

Source: K. Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985, section 3.3.
"""

from __future__ import annotations

import torch

_MIN_SINE = 1e-4  # below it the arc and the chord agree to float32 precision, or w is near pi


def bislerp(latent: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Resize (B, C, H, W) to (B, C, height, width); computed in float32, dtype kept."""
    cells = latent.to(torch.float32)
    cells = _along_last_axis(cells, width)
    cells = _along_last_axis(cells.transpose(-1, -2), height).transpose(-1, -2)
    return cells.to(latent.dtype).contiguous()


def slerp(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Interpolate vectors along axis 1 from `a` (t = 0) to `b` (t = 1); see the module text."""
    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    product = length_a * length_b
    tiny = torch.finfo(a.dtype).tiny
    cosine = ((a * b).sum(dim=1, keepdim=True) / product.clamp_min(tiny)).clamp(-1.0, 1.0)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    safe_sine = sine.clamp_min(_MIN_SINE)
    arc = (
        torch.sin((1.0 - t) * angle) * a / length_a.clamp_min(tiny)
        + torch.sin(t * angle) * b / length_b.clamp_min(tiny)
    ) / safe_sine
    arc = arc * ((1.0 - t) * length_a + t * length_b)
    return torch.where((sine < _MIN_SINE) | (product <= tiny), (1.0 - t) * a + t * b, arc)


def _along_last_axis(cells: torch.Tensor, size: int) -> torch.Tensor:
    have = cells.shape[-1]
    if have == size:
        return cells
    # Pixel centres lie at half-integers; beyond the outermost ones the edge value holds.
    centres = (torch.arange(size, device=cells.device) + 0.5) * (have / size) - 0.5
    centres = centres.clamp(0.0, have - 1.0)
    first = centres.floor().long()
    second = (first + 1).clamp_max(have - 1)
    return slerp(cells[..., first], cells[..., second], centres - first)
