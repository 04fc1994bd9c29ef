"""VQCodebookView."""

from __future__ import annotations

from typing import Annotated

import torch

from engine.errors import InvalidValueError
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number
from engine.types import Image, VqModel
from engine.vq.pictures import contact_sheet

_AT_ONCE = 64  # tiles between two reports of progress
_GAP = 1


@node("VQCodebookView", category="vq", title="VQ Codebook View")
def vq_codebook_view(
    vq_model: VqModel,
    context: NodeContext,
    start: Annotated[int, Number(0, 65535)] = 0,
    count: Annotated[int, Number(0, 65536)] = 0,
    cells: Annotated[int, Number(1, 16)] = 2,
    columns: Annotated[int, Number(0, 1024)] = 0,
) -> Image:
    """Show what each code of a codebook looks like: a tile for each, decoded by itself.

    Tiles stand in rows from the upper left in the order of their tokens. A large codebook takes
    minutes without a graphics card; look at a part of it then.

    Args:
        start: The first token to show.
        count: How many tokens to show; 0 for all that follow.
        cells: Side of a tile in cells that all hold its code.
        columns: Tiles in a row; 0 for about a square.
    """
    codes = vq_model.codebook()["codes"]
    if start >= len(codes) or start + count > len(codes):
        got = f"{start} to {start + count - 1}" if count else start
        raise InvalidValueError('inputs "start" and "count"', got, f"0 to {len(codes) - 1}")
    shown = codes[start : start + count if count else None]
    tiles = []
    for part in torch.split(shown, _AT_ONCE):
        fields = part[:, :, None, None].expand(-1, -1, cells, cells)
        tiles.append(vq_model.decode_codes(fields))
        context.progress(sum(map(len, tiles)), len(shown))
    return contact_sheet(torch.cat(tiles), columns, _GAP)
