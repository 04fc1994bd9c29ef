"""Nodes that search text with regular expressions.

They use the `regex` library in place of `re` because it can stop: a pattern such as `(a|aa)+$` may
take time that doubles with each few characters, and a shared workflow may bring one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import regex

from engine.errors import EngineError, InvalidValueError, shorten
from engine.registry.decorator import node
from engine.registry.widgets import Input, Number, Output, Text

_TIME_LIMIT_S = 2.0

_Text = Annotated[str, Text(multiline=True)]
_OptionalFlag = Annotated[bool, Input(optional=True)]


class PatternTooSlowError(EngineError):
    """A search was stopped because it took too long.

    Attributes:
        pattern: The regular expression.
    """

    code = "pattern_too_slow"

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        super().__init__(
            f'input "regex_pattern": {shorten(pattern)} was stopped after {_TIME_LIMIT_S:g} s on '
            "this text. Repeated choices such as (a|aa)+ are the usual reason: simplify them."
        )


@node("RegexMatch", category="utils/string", title="Regex Match")
def regex_match(
    string: _Text,
    regex_pattern: _Text,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
) -> Annotated[bool, Output("matches")]:
    """Say whether a regular expression is found anywhere in a text.

    Args:
        regex_pattern: In Python's syntax.
        case_insensitive: Takes capital and small letters as the same.
        multiline: `^` and `$` also match at line breaks.
        dotall: `.` also matches line breaks.
    """
    with _searching(regex_pattern, case_insensitive, multiline, dotall) as pattern:
        return pattern.search(string, timeout=_TIME_LIMIT_S) is not None


@node("RegexExtract", category="utils/string", title="Regex Extract")
def regex_extract(
    string: _Text,
    regex_pattern: _Text,
    mode: Literal["First Match", "All Matches", "First Group", "All Groups"],
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    group_index: Annotated[int, Number(0, 100)] = 1,
) -> str:
    """Take what a regular expression finds out of a text; nothing found gives an empty text.

    Args:
        regex_pattern: In Python's syntax.
        mode: The whole match or one group in parentheses; the first one, or all, a line each.
        case_insensitive: Takes capital and small letters as the same.
        multiline: `^` and `$` also match at line breaks.
        dotall: `.` also matches line breaks.
        group_index: Which group, for the two group modes: 1 is the first, 0 the whole match.
    """
    with _searching(regex_pattern, case_insensitive, multiline, dotall) as pattern:
        group = group_index if "Group" in mode else 0
        if group > pattern.groups:
            expected = f"at most {pattern.groups}, the number of groups in the pattern"
            raise InvalidValueError('input "group_index"', group, expected)
        matches = pattern.finditer(string, timeout=_TIME_LIMIT_S)
        if mode.startswith("First"):
            first = next(matches, None)
            return (first[group] or "") if first else ""
        return "\n".join(match[group] or "" for match in matches)


@node("RegexReplace", category="utils/string", title="Regex Replace")
def regex_replace(
    string: _Text,
    regex_pattern: _Text,
    replace: _Text,
    case_insensitive: _OptionalFlag = True,
    multiline: _OptionalFlag = False,
    dotall: _OptionalFlag = False,
    count: Annotated[int, Number(0, 100), Input(optional=True)] = 0,
) -> str:
    r"""Replace what a regular expression finds.

    Args:
        regex_pattern: In Python's syntax.
        replace: What to put in its place; `\1` is the first group in parentheses.
        case_insensitive: Takes capital and small letters as the same.
        multiline: `^` and `$` also match at line breaks.
        dotall: `.` also matches line breaks.
        count: Replace at most so many; 0 for all.
    """
    with _searching(regex_pattern, case_insensitive, multiline, dotall) as pattern:
        try:
            result: str = pattern.sub(replace, string, count=count, timeout=_TIME_LIMIT_S)
        except (regex.error, IndexError) as error:
            raise _invalid('input "replace"', replace, "a replacement", error) from error
        return result


@contextmanager
def _searching(
    pattern: str, case_insensitive: bool, multiline: bool, dotall: bool
) -> Iterator[regex.Pattern[str]]:
    """Compile a pattern, and say so when searching with it takes too long.

    Raises: InvalidValueError, PatternTooSlowError.
    """
    flags = (
        (regex.IGNORECASE if case_insensitive else 0)
        | (regex.MULTILINE if multiline else 0)
        | (regex.DOTALL if dotall else 0)
    )
    try:
        compiled = regex.compile(pattern, flags)
    except (regex.error, RecursionError) as error:  # thousands of open parentheses recurse
        raise _invalid('input "regex_pattern"', pattern, "a regular expression", error) from error
    try:
        yield compiled
    except TimeoutError as error:
        raise PatternTooSlowError(pattern) from error


def _invalid(where: str, got: str, expected: str, error: Exception) -> InvalidValueError:
    return InvalidValueError(where, got, expected, f"Problem: {error}.")
