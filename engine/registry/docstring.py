"""Reads Google-style docstrings of native nodes: the text, and the help of each parameter."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^(Args|Returns|Raises|Source|Yields|Attributes):\s*(.*)$")
_ITEM = re.compile(r"^(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A node's help: `text` before the first section, `args` by parameter name."""

    text: str = ""
    args: dict[str, str] = field(default_factory=dict)


def parse_docstring(text: str | None) -> Docstring:
    """Split a docstring into its text and the entries of "Args:"."""
    if not text:
        return Docstring()
    body: list[str] = []
    args: dict[str, list[str]] = {}
    section, current = "", ""
    for line in inspect.cleandoc(text).splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
        elif not section:
            body.append(line)
        elif section == "Args":
            stripped = line.strip()
            item = _ITEM.match(stripped) if _indent(line) == 4 else None
            if item:
                current = item[1]
                args[current] = [item[2]]
            elif stripped and current:
                args[current].append(stripped)
    return Docstring(
        "\n".join(body).strip(), {name: " ".join(help_) for name, help_ in args.items()}
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
