"""What the canvas does to texts before a graph runs: choices, comments and %…% (contract §1.6)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_BRACES = re.compile(r"(\\[{}|]|[{}|])")
_ILLEGAL_IN_NAMES = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
_PLACEHOLDER = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile("yyyy|yy|MM|dd|hh|mm|ss")
_DATE_FORMATS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "hh": "%H",
    "mm": "%M",
    "ss": "%S",
}


def resolve_choices(text: str, rng: random.Random) -> str:
    r"""Return `text` without comments and with each `{a|b|{c|d}}` replaced by one choice.

    `\{`, `\}` and `\|` stand for the characters themselves. A brace without its partner stays.
    """
    open_groups: list[list[list[str]]] = []  # options so far, of each group around this place
    options: list[list[str]] = [[]]  # each option in pieces
    for piece in _BRACES.split(_COMMENT.sub("", text)):
        if piece == "{":
            open_groups.append(options)
            options = [[]]
        elif piece == "}" and open_groups:
            chosen = rng.choice(options)
            options = open_groups.pop()
            options[-1].extend(chosen)
        elif piece == "|" and open_groups:
            options.append([])
        else:
            options[-1].append(piece[1:] if _BRACES.fullmatch(piece) and len(piece) > 1 else piece)
    for outer in reversed(open_groups):
        unclosed = "|".join("".join(option) for option in options)
        outer[-1] += ["{", unclosed]
        options = outer
    return "|".join("".join(option) for option in options)


def fill_placeholders(
    text: str, find_value: Callable[[str, str], str | None], now: datetime
) -> str:
    """Replace `%date:FORMAT%` and `%Node.widget%`; all others are left for the saving node.

    Args:
        find_value: (node name, widget name) -> value, or None when there is no such widget.
    """

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("date:"):
            return _DATE_PART.sub(
                lambda part: now.strftime(_DATE_FORMATS[part[0]]), name.removeprefix("date:")
            )
        node, dot, widget = name.partition(".")
        value = find_value(node, widget) if dot else None
        return match[0] if value is None else _ILLEGAL_IN_NAMES.sub("_", value)

    return _PLACEHOLDER.sub(replace, text)
