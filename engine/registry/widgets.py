"""Markers for native node signatures: `Annotated[int, Number(1, 100)]`.

Each marker turns into the option keys of contract §4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """Bounds and step of an int or float; also a seed's control and the kind of control shown."""

    min: float | None = None
    max: float | None = None
    step: float | None = None
    round: float | None = None
    control_after_generate: bool = False
    display: str | None = None  # "number", "slider", "knob", "color"


@dataclass(frozen=True, slots=True)
class Text:
    """A text field."""

    multiline: bool = False
    dynamic_prompts: bool = False
    placeholder: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A menu; a callable is asked each time the menu is shown."""

    options: Sequence[Any] | Callable[[], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class FileChoice:
    """A menu of the files in a model folder key, or in "input", "output" or "temp".

    The file's content joins the node's cache key.

    Attributes:
        folder: Folder key, as `Folders.names` takes it.
        extensions: Only these, lower case with dot; empty for all.
        extra: Names offered that are no files.
        upload: Option key of an upload button, for instance "image_upload".
        listed: False when the canvas asks for the names itself (option "remote"); any name passes.
    """

    folder: str
    extensions: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    upload: str | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Switch:
    """Labels of a bool's two states."""

    on: str | None = None
    off: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """Settings any input may have.

    Attributes:
        name: Wire name, where it is no valid or good parameter name.
        lazy: The producer runs only when the node asks for it (`check_lazy`).
        force_input: Socket only, no widget.
        optional: Declared in the "optional" section although it has no default … or although its
            default is a widget's default. A socket whose default is None is optional by itself.
    """

    name: str | None = None
    lazy: bool = False
    force_input: bool = False
    optional: bool = False
    extra: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """Name and help of an output."""

    name: str
    is_list: bool = False
    tooltip: str | None = None


class AnyType(str):
    """A wire type that matches every other: packs and validators compare types with `!=`."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__
