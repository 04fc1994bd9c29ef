"""Token grids: checks and edits. What comes in is never changed."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.types import TokenGrid


def check_tokens(grid: Any, name: str = "tokens") -> torch.Tensor:
    """Return the tokens of a grid when they are (B, h, w) int64 and each is in [0, size).

    Raises: InvalidValueError, naming the input and the first cell that is wrong.
    """
    where = f'input "{name}"'
    tokens = grid.get("tokens") if isinstance(grid, dict) else None
    size = grid.get("size") if isinstance(grid, dict) else None
    if not isinstance(tokens, torch.Tensor) or type(size) is not int:
        expected = 'a token grid with "tokens" and "size"'
        raise InvalidValueError(where, type(grid).__name__, expected)
    if tokens.dtype != torch.int64 or tokens.dim() != 3 or tokens.numel() == 0:
        got = [*tokens.shape, tokens.dtype]
        raise InvalidValueError(where, got, "int64 of shape [B, h, w]")
    wrong = ((tokens < 0) | (tokens >= size)).nonzero()
    if len(wrong):
        item, row, column = wrong[0].tolist()
        cell = f"{where}, picture {item}, row {row}, column {column}"
        raise InvalidValueError(cell, int(tokens[item, row, column]), f"0 to {size - 1}")
    return tokens


def replaced(grid: TokenGrid, old: int | None, new: int, mask: torch.Tensor | None) -> TokenGrid:
    """Return a grid with token `new` instead of `old` (None: of every token) under the mask.

    Args:
        mask: (B or 1, H, W) of any size, brought to the grid; None is everywhere.

    Raises: InvalidValueError.
    """
    tokens = check_tokens(grid)
    for name, token in (("find", old), ("replace", new)):
        if token is not None and not 0 <= token < grid["size"]:
            raise InvalidValueError(f'input "{name}"', token, f"0 to {grid['size'] - 1}")
    chosen = torch.ones_like(tokens, dtype=torch.bool) if old is None else tokens == old
    if mask is not None:
        chosen = chosen & cells_under(mask, tokens)
    return {**grid, "tokens": tokens.masked_fill(chosen, new)}


def mixed(first: TokenGrid, second: TokenGrid, mask: torch.Tensor) -> TokenGrid:
    """Return a grid that takes `second` under the mask and `first` elsewhere.

    Raises: InvalidValueError, when the grids differ in shape or codes.
    """
    ours, theirs = check_pair(first, second)
    return {**first, "tokens": torch.where(cells_under(mask, ours), theirs, ours)}


def noisy(grid: TokenGrid, percent: float, seed: int, mask: torch.Tensor | None) -> TokenGrid:
    """Return a grid with `percent` % of the cells under the mask set to random tokens.

    Of each picture exactly that share, rounded; each is drawn from all codes alike, so now and
    then a cell keeps its token.

    Args:
        mask: As `replaced` takes it.

    Raises: InvalidValueError.
    """
    tokens = check_tokens(grid)
    if not 0 <= percent <= 100:
        raise InvalidValueError('input "percent"', percent, "0 to 100")
    generator = torch.Generator().manual_seed(seed)
    random = torch.randint(grid["size"], tokens.shape, generator=generator)
    order = torch.rand(tokens.shape, generator=generator)
    allowed = torch.ones_like(tokens, dtype=torch.bool)
    if mask is not None:
        allowed = cells_under(mask, tokens)
    rank = order.masked_fill(~allowed, 2.0).flatten(1).argsort(1).argsort(1).reshape(tokens.shape)
    count = (allowed.flatten(1).sum(1) * percent / 100).round()
    return {**grid, "tokens": torch.where(rank < count[:, None, None], random, tokens)}


def check_pair(first: TokenGrid, second: TokenGrid) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of two grids of equal shape and codes; one picture serves for many.

    Raises: InvalidValueError.
    """
    ours, theirs = check_tokens(first, "tokens_a"), check_tokens(second, "tokens_b")
    if first["size"] != second["size"]:
        expected = f"tokens of {first['size']} codes, as tokens_a has"
        raise InvalidValueError('input "tokens_b"', second["size"], expected)
    batches = {len(ours), len(theirs)}
    if ours.shape[1:] != theirs.shape[1:] or len(batches - {1}) > 1:
        expected = f"{list(ours.shape)}, as tokens_a has"
        raise InvalidValueError('input "tokens_b"', list(theirs.shape), expected)
    batch = max(batches)
    return ours.expand(batch, -1, -1), theirs.expand(batch, -1, -1)


def cells_under(mask: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return which cells of (B, h, w) tokens a mask covers by half or more, bool.

    Args:
        mask: (B or 1, H, W) in [0, 1] of any size; it covers the whole picture.

    Raises: InvalidValueError, when it has another number of pictures.
    """
    if len(mask) not in (1, len(tokens)):
        expected = f"one mask or one for each of {len(tokens)} pictures"
        raise InvalidValueError('input "mask"', len(mask), expected)
    height, width = tokens.shape[1:]
    share = functional.interpolate(mask[:, None].float(), (height, width), mode="area")
    return (share[:, 0] >= 0.5).expand(tokens.shape)
