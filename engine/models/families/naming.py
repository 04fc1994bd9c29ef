"""Renaming between the layouts of weight files, without touching the weights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Shapes by weight name."""

Renames: TypeAlias = Sequence[tuple[str, str]]


def below(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Map each name under `prefix`, with the prefix cut off, to the full name."""
    return {name[len(prefix) :]: name for name in names if name.startswith(prefix)}


def rename(names: Iterable[str], prefixes: Mapping[str, tuple[str, Renames]]) -> dict[str, str]:
    """Map new names to the old ones they come from; names under no known prefix are left out.

    Args:
        prefixes: Old prefix -> (new prefix, renames of what follows it, first match wins).
    """
    renamed: dict[str, str] = {}
    for name in names:
        for old, (new, inner) in prefixes.items():
            if name.startswith(old):
                renamed[new + _replace_first(name[len(old) :], inner)] = name
                break
    return renamed


def inverse(prefixes: Mapping[str, tuple[str, Renames]]) -> dict[str, tuple[str, Renames]]:
    """Return the prefixes of the way back, from new names to old ones.

    Of several old prefixes for one new prefix the last is taken; one that stays as it is is none.
    """
    return {
        new: (old, tuple((inner_new, inner_old) for inner_old, inner_new in inner))
        for old, (new, inner) in prefixes.items()
        if old != new or not old
    }


def _replace_first(rest: str, renames: Renames) -> str:
    for old, new in renames:
        if rest.startswith(old):
            return new + rest[len(old) :]
    return rest


def group_norm_groups(widths: Collection[int]) -> int:
    """Return the groups of a network's group norms: 32, or less when a width needs it.

    Source: 32 groups as in arXiv:1803.08494 and the LDM code; narrow test networks divide less.
    """
    groups = 32
    while any(width % groups for width in widths):
        groups //= 2
    return groups
