"""Nodes that join, cut, change and compare text."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.registry.decorator import node
from engine.registry.widgets import Output, Text

_Text = Annotated[str, Text(multiline=True)]


@node("StringConcatenate", category="utils/string", title="Concatenate")
def string_concatenate(string_a: _Text, string_b: _Text, delimiter: str) -> str:
    """Join two texts.

    Args:
        delimiter: Stands between them.
    """
    return delimiter.join((string_a, string_b))


@node("StringSubstring", category="utils/string", title="Substring")
def string_substring(string: _Text, start: int, end: int) -> str:
    """Cut a piece out of a text.

    Args:
        start: First character, counted from 0; below 0 counts from the end of the text.
        end: The character before which to stop; below 0 counts from the end of the text.
    """
    return string[start:end]


@node("StringLength", category="utils/string", title="Length")
def string_length(string: _Text) -> Annotated[int, Output("length")]:
    """Count the characters of a text."""
    return len(string)


@node("CaseConverter", category="utils/string", title="Case Converter")
def case_converter(
    string: _Text, mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"]
) -> str:
    """Change a text to capital or small letters.

    Args:
        mode: "Capitalize" makes the first letter of the text a capital, "Title Case" that of each
            word; both make the other letters small.
    """
    match mode:
        case "UPPERCASE":
            return string.upper()
        case "lowercase":
            return string.lower()
        case "Capitalize":
            return string.capitalize()
        case "Title Case":
            return string.title()


@node("StringTrim", category="utils/string", title="Trim")
def string_trim(string: _Text, mode: Literal["Both", "Left", "Right"]) -> str:
    """Remove spaces and line breaks from the ends of a text.

    Args:
        mode: At which end.
    """
    match mode:
        case "Both":
            return string.strip()
        case "Left":
            return string.lstrip()
        case "Right":
            return string.rstrip()


@node("StringReplace", category="utils/string", title="Replace")
def string_replace(string: _Text, find: _Text, replace: _Text) -> str:
    """Replace every occurrence of a piece of text, exactly as written.

    Args:
        find: What to look for; when empty, every gap between characters is found.
        replace: What to put in its place.
    """
    return string.replace(find, replace)


@node("StringContains", category="utils/string", title="Contains")
def string_contains(
    string: _Text, substring: _Text, case_sensitive: bool = True
) -> Annotated[bool, Output("contains")]:
    """Say whether a text contains another.

    Args:
        case_sensitive: Off takes capital and small letters as the same.
    """
    if not case_sensitive:
        string, substring = string.casefold(), substring.casefold()
    return substring in string


@node("StringCompare", category="utils/string", title="Compare")
def string_compare(
    string_a: _Text,
    string_b: _Text,
    mode: Literal["Starts With", "Ends With", "Equal"],
    case_sensitive: bool = True,
) -> bool:
    """Say whether a text equals another, or starts or ends with it.

    Args:
        mode: "Starts With" asks whether `string_a` starts with `string_b`.
        case_sensitive: Off takes capital and small letters as the same.
    """
    if not case_sensitive:
        string_a, string_b = string_a.casefold(), string_b.casefold()
    match mode:
        case "Starts With":
            return string_a.startswith(string_b)
        case "Ends With":
            return string_a.endswith(string_b)
        case "Equal":
            return string_a == string_b
