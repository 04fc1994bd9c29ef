r"""The prompt language: weights in parentheses, escapes, embedding names.

`(text)` multiplies the weight by 1.1 and nests; `(text:1.3)` sets it to 1.3 whatever is around
it. `\(` and `\)` are plain parentheses, and so is every parenthesis without a partner. Nothing
else has a meaning: brackets, BREAK and AND are words like others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

EMPHASIS = 1.1

_MARKS = re.compile(r"\\[()]|[():]")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
# Before the name only the segment's start or whitespace; the name runs to the next whitespace.
_EMBEDDING = re.compile(r"(?<!\S)embedding:(\S+)")


class Segment(NamedTuple):
    """A stretch of a prompt with one weight; it is tokenised on its own."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class EmbeddingName:
    """`embedding:name` in a prompt; `name` is as written, commas included."""

    name: str


@dataclass(frozen=True, slots=True)
class _Group:
    """A pair of parentheses.

    Attributes:
        close: Index of the closing one.
        weight: The weight it sets, or None.
        text_end: Where the text ends: at the colon before the weight, or at `close`.
    """

    close: int
    weight: float | None
    text_end: int


def parse_prompt(text: str) -> list[Segment]:
    """Split a prompt into segments with weights, in order; escapes are resolved.

    Never fails: what does not fit the language is ordinary text. Weights are finite unless
    thousands of nested parentheses multiply beyond a float's range.
    """
    groups = _match_groups(text)
    segments: list[Segment] = []
    weights = [1.0]
    open_groups: list[_Group] = []
    pending: list[str] = []
    position = 0

    def finish_segment() -> None:
        if joined := "".join(pending):
            segments.append(Segment(joined, weights[-1]))
        pending.clear()

    for mark in _MARKS.finditer(text):
        at = mark.start()
        if at < position:  # inside a weight that has been read
            continue
        pending.append(text[position:at])
        position = mark.end()
        if group := groups.get(at):
            finish_segment()
            open_groups.append(group)
            weights.append(weights[-1] * EMPHASIS if group.weight is None else group.weight)
        elif open_groups and at == open_groups[-1].text_end:
            finish_segment()
            weights.pop()
            position = open_groups.pop().close + 1
        else:
            pending.append(mark[0][-1])  # an escape loses its backslash
    pending.append(text[position:])
    finish_segment()
    return segments


def split_embeddings(text: str) -> Iterator[str | EmbeddingName]:
    """Yield the plain stretches of a segment and the embeddings named between them."""
    position = 0
    for mention in _EMBEDDING.finditer(text):
        if plain := text[position : mention.start()]:
            yield plain
        yield EmbeddingName(mention[1])
        position = mention.end()
    if rest := text[position:]:
        yield rest


def _match_groups(text: str) -> dict[int, _Group]:
    """Find the pairs of parentheses, by the index of the opening one.

    A closing parenthesis belongs to the nearest open one before it.
    """
    groups: dict[int, _Group] = {}
    open_at: list[int] = []
    colon = -1  # the last colon since the last parenthesis
    for mark in _MARKS.finditer(text):
        at = mark.start()
        match mark[0]:
            case ":":
                colon = at
                continue
            case "(":
                open_at.append(at)
            case ")" if open_at:
                opened = open_at.pop()
                weight = _weight(text, opened, colon, at)
                groups[opened] = _Group(at, weight, at if weight is None else colon)
        colon = -1
    return groups


def _weight(text: str, opened: int, colon: int, closed: int) -> float | None:
    """Read the number between a colon and a closing parenthesis, if it is a weight."""
    if colon <= opened + 1:  # no colon, or no text before it
        return None
    number = _NUMBER.fullmatch(text, colon + 1, closed)
    weight = float(number[0]) if number else math.nan
    return weight if math.isfinite(weight) else None
