"""Built-in node classes on masks, and how pictures and latents are laid over each other."""

from __future__ import annotations

from torch import Tensor

from engine.compat.hosting.host_nodes import builtin_classes
from engine.imaging import composite as _composite

__getattr__ = builtin_classes(__name__)


def composite(
    destination: Tensor,
    source: Tensor,
    x: int,
    y: int,
    mask: Tensor | None = None,
    multiplier: int = 8,
    resize_source: bool = False,
) -> Tensor:
    """Return `destination` (B, C, H, W) with `source` laid over it.

    Args:
        x: Pixels from the left; a cell is `multiplier` pixels.
        y: Pixels from the top.
    """
    left, top = x // multiplier, y // multiplier
    return _composite.composite(destination, source, left, top, mask, resize_source=resize_source)
