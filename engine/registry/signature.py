"""Reads the signature of a native node: what it takes and gives."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from engine.registry.spec import Folders, OutputSpec
from engine.registry.widgets import (
    AnyType,
    Choice,
    FileChoice,
    Input,
    Number,
    Output,
    Switch,
    Text,
)
from engine.types import NodeResult, Socket, Ui

_WIDGET_TYPES: dict[Any, str] = {int: "INT", float: "FLOAT", str: "STRING", bool: "BOOLEAN"}
_MISSING = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class NativeInput:
    """One input as read from a signature; `options` lacks only what is listed when asked.

    Attributes:
        name: Its name in files.
        parameter: Its name in the function.
        is_list: The function takes a list of these.
    """

    name: str
    parameter: str
    type: Any
    options: dict[str, Any]
    optional: bool
    is_list: bool
    menu: Choice | FileChoice | None

    def declare(self, folders: Folders) -> tuple[Any, dict[str, Any]]:
        """Return type and options as INPUT_TYPES holds them; menus are listed now."""
        if self.menu is None:
            return self.type, dict(self.options)
        if isinstance(self.menu, FileChoice):
            files = _file_menu(self.menu, folders) if self.menu.listed else self.type
            return files, dict(self.options)
        options = self.menu.options
        return list(options() if callable(options) else options), dict(self.options)


def read_input(type_id: str, parameter: inspect.Parameter, help_: str | None) -> NativeInput:
    """Read one parameter; `help_` becomes its tooltip.

    Raises: TypeError, when it cannot be an input.
    """
    where = f'node {type_id}, parameter "{parameter.name}"'
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(f"{where} must be a plain parameter: inputs are passed by name")
    if parameter.annotation is _MISSING:
        raise TypeError(f"{where} has no annotation")
    base, markers, is_list = _unwrap(parameter.annotation)
    settings = _marker(markers, Input) or Input()
    wire, menu = _wire_type(where, base, markers)
    options: dict[str, Any] = {}
    if parameter.default is not _MISSING and parameter.default is not None:
        options["default"] = parameter.default
    for marker in markers:
        options.update(_options(marker))
    if help_:
        options["tooltip"] = help_
    _check_default(where, options, menu)
    optional = settings.optional or parameter.default is None
    if optional and parameter.default is _MISSING:
        raise TypeError(f"{where} is optional and so needs a default")
    name = settings.name or parameter.name
    return NativeInput(name, parameter.name, wire, options, optional, is_list, menu)


def read_outputs(type_id: str, annotation: Any) -> tuple[OutputSpec, ...]:
    """Read a return annotation.

    Raises: TypeError, when it says nothing about outputs.
    """
    if annotation is _MISSING:
        raise TypeError(f"node {type_id} has no return annotation")
    base, markers, is_list = _unwrap(annotation)
    if base in (None, type(None), Ui, NodeResult):
        return ()
    if inspect.isclass(base) and issubclass(base, tuple) and hasattr(base, "_fields"):
        # Socket aliases name torch.Tensor as text; only the marker beside it is read here.
        names = {"torch": types.SimpleNamespace(Tensor=object)}
        hints = typing.get_type_hints(base, include_extras=True, localns=names)
        return tuple(_read_output(type_id, *_unwrap(hints[field]), field) for field in base._fields)
    return (_read_output(type_id, base, markers, is_list, None),)


def _check_default(where: str, options: dict[str, Any], menu: Choice | FileChoice | None) -> None:
    if "default" not in options:
        return
    default = options["default"]
    if isinstance(menu, Choice) and not callable(menu.options) and default not in menu.options:
        raise TypeError(f"{where}: the default {default!r} is not among {list(menu.options)}")
    if isinstance(default, (int, float)):
        low, high = options.get("min", default), options.get("max", default)
        if not low <= default <= high:
            raise TypeError(f"{where}: the default {default} is outside {low} to {high}")


def _unwrap(annotation: Any) -> tuple[Any, list[Any], bool]:
    """Strip Annotated, `| None` and list[…]; return the bare type, all markers, whether a list."""
    markers: list[Any] = []
    is_list = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *found = get_args(annotation)
            markers.extend(found)
        elif origin in (typing.Union, types.UnionType):
            rest = [a for a in get_args(annotation) if a not in (type(None), NodeResult)]
            if len(rest) != 1:
                return annotation, markers, is_list
            annotation = rest[0]
        elif origin is list and _marker(markers, Socket) is None:
            # A socket type may itself be a list (Conditioning); then the marker is outside.
            annotation, is_list = get_args(annotation)[0], True
        else:
            return annotation, markers, is_list


def _file_menu(menu: FileChoice, folders: Folders) -> list[str]:
    names = folders.names(menu.folder)
    if menu.extensions:
        names = [name for name in names if name.lower().endswith(menu.extensions)]
    return [*names, *menu.extra]


def _wire_type(where: str, base: Any, markers: list[Any]) -> tuple[Any, Choice | FileChoice | None]:
    menu = _marker(markers, Choice) or _marker(markers, FileChoice)
    if menu is not None:
        return "COMBO", menu
    socket = _marker(markers, Socket)
    if socket is not None:
        return (AnyType("*") if socket.name == "*" else socket.name), None
    if get_origin(base) is Literal:
        return "COMBO", Choice(get_args(base))
    if base in _WIDGET_TYPES:
        return _WIDGET_TYPES[base], None
    raise TypeError(f"{where}: {base!r} is no socket or widget type")


def _marker(markers: Iterable[Any], kind: type[Any]) -> Any:
    return next((marker for marker in markers if isinstance(marker, kind)), None)


def _options(marker: object) -> dict[str, Any]:
    """Return the option keys of contract §4.3 that a marker stands for."""
    match marker:
        case Number():
            found = {
                "min": marker.min,
                "max": marker.max,
                "step": marker.step,
                "round": marker.round,
                "control_after_generate": marker.control_after_generate or None,
                "display": marker.display,
            }
        case Text():
            found = {
                "multiline": marker.multiline or None,
                "dynamicPrompts": marker.dynamic_prompts or None,
                "placeholder": marker.placeholder,
            }
        case Switch():
            found = {"label_on": marker.on, "label_off": marker.off}
        case FileChoice():
            found = {marker.upload: True} if marker.upload else {}
        case Input():
            found = {
                "lazy": marker.lazy or None,
                "forceInput": marker.force_input or None,
                **dict(marker.extra),
            }
        case _:
            found = {}
    return {key: value for key, value in found.items() if value is not None}


def _read_output(
    type_id: str, base: Any, markers: list[Any], is_list: bool, field: str | None
) -> OutputSpec:
    wire, menu = _wire_type(f"node {type_id}, output", base, markers)
    setting = _marker(markers, Output) or Output("")
    # An output named like its type shows the type, as files of the peer expect (contract §4.5).
    named_as_type = field is None or field.replace("_", "") == wire.replace("_", "").lower()
    name = setting.name or (str(wire) if named_as_type else str(field))
    if isinstance(menu, Choice) and not callable(menu.options):
        wire = list(menu.options)
    return OutputSpec(wire, name, setting.is_list or is_list, setting.tooltip)
