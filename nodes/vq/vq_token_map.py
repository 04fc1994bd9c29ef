"""VQTokenMap."""

from __future__ import annotations

from typing import Annotated

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Image, Tokens
from engine.vq.pictures import token_colours
from engine.vq.tokens import check_tokens


@node("VQTokenMap", category="vq", title="VQ Token Map")
def vq_token_map(tokens: Tokens, cell_size: Annotated[int, Number(1, 256)] = 16) -> Image:
    """Paint a token grid: a square for each cell, the same colour for the same token.

    Args:
        cell_size: Side of a square in pixels.
    """
    cells = token_colours(tokens["size"])[check_tokens(tokens)]
    return cells.repeat_interleave(cell_size, 1).repeat_interleave(cell_size, 2)
