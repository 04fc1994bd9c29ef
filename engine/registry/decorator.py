"""`@node`: a typed function becomes a node type; its signature is the single source.

Parameters become inputs, in order: the annotation gives type, range and widget, the default is
the widget's start value, the docstring's "Args:" gives the help. A parameter annotated
`NodeContext` receives the context and is no input. The return annotation gives the outputs: a
NamedTuple names them, `Ui` or `None` means there are none.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from engine.registry.docstring import parse_docstring
from engine.registry.spec import Folders, Hook, InputTypes, NodeContext, NodeSpec, OutputSpec
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

F = TypeVar("F", bound=Callable[..., Any])

_WIDGET_TYPES: dict[Any, str] = {int: "INT", float: "FLOAT", str: "STRING", bool: "BOOLEAN"}
_MISSING = inspect.Parameter.empty


def node(
    type_id: str,
    *,
    category: str,
    title: str | None = None,
    version: int = 1,
    output: bool = False,
    list_input: bool = False,
    not_idempotent: bool = False,
    deprecated: bool = False,
    experimental: bool = False,
    check_lazy: Callable[..., Any] | None = None,
    validate: Callable[..., Any] | None = None,
    fingerprint: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Declare a node type on a typed function; the function itself is returned unchanged.

    Args:
        type_id: Name in workflow files. The function is named alike, in snake case.
        category: Menu path, "/" between levels.
        title: Name on the canvas, when it differs from `type_id`.
        version: Raise it when the same inputs give other bits: stored results then expire.
        output: A root of execution: it saves or shows something.
        list_input: Inputs arrive as whole lists (annotate them `list[…]`), in one call.
        check_lazy: (**inputs) -> names of lazy inputs still needed; those missing are None.
        validate: (**inputs it names) -> True or a text saying what is wrong; links are None.
        fingerprint: (**inputs it names) -> JSON value that joins the cache key.

    Raises: TypeError, when the signature cannot be read as a node.
    """

    def declare(function: F) -> F:
        if function.__name__.replace("_", "").lower() != type_id.replace("_", "").lower():
            raise TypeError(f"node {type_id}: its function is named {function.__name__}")
        signature = inspect.signature(function, eval_str=True)
        help_ = parse_docstring(function.__doc__)
        if not help_.text:
            raise TypeError(f"node {type_id} has no docstring, so it would have no help")
        inputs = [
            _read_parameter(type_id, parameter, help_.args.get(name))
            for name, parameter in signature.parameters.items()
            if parameter.annotation is not NodeContext
        ]
        context_name = next(
            (n for n, p in signature.parameters.items() if p.annotation is NodeContext), None
        )
        spec = NodeSpec(
            type_id=type_id,
            display_name=title,
            category=category,
            description=help_.text,
            python_module=function.__module__,
            version=str(version),
            outputs=_read_outputs(type_id, signature.return_annotation),
            is_output=output,
            side_effect=output,
            input_is_list=list_input,
            not_idempotent=not_idempotent,
            deprecated=deprecated,
            experimental=experimental,
            input_types=_NativeInputs(tuple(inputs)),
            create=_no_instance,
            call=_NativeCall(function, {i.name: i.parameter for i in inputs}, context_name),
            check_lazy=None if check_lazy is None else _native_lazy(check_lazy),
            validate=_hook(validate),
            fingerprint=_hook(fingerprint),
            files=_files_reader(inputs),
        )
        function.__node__ = spec  # type: ignore[attr-defined]
        return function

    return declare


def node_specs(module: types.ModuleType) -> list[NodeSpec]:
    """List the node types a module declares, in the order of its text."""
    return [
        value.__node__
        for value in vars(module).values()
        if hasattr(value, "__node__") and getattr(value, "__module__", None) == module.__name__
    ]


@dataclass(frozen=True, slots=True)
class _NativeInput:
    """One input as read from a signature; `options` lacks only what is listed when asked."""

    name: str
    parameter: str
    type: Any
    options: dict[str, Any]
    optional: bool
    menu: Choice | FileChoice | None

    def declare(self, folders: Folders) -> tuple[Any, dict[str, Any]]:
        if self.menu is None:
            return self.type, self.options
        if isinstance(self.menu, FileChoice):
            return _file_menu(self.menu, folders), self.options
        options = self.menu.options
        return list(options() if callable(options) else options), self.options


@dataclass(frozen=True, slots=True)
class _NativeInputs:
    inputs: tuple[_NativeInput, ...]

    def __call__(self, folders: Folders) -> InputTypes:
        declared: dict[str, dict[str, Any]] = {"required": {}}
        for item in self.inputs:
            section = declared.setdefault("optional" if item.optional else "required", {})
            section[item.name] = item.declare(folders)
        return declared


@dataclass(frozen=True, slots=True)
class _NativeCall:
    function: Callable[..., Any]
    parameters: Mapping[str, str]
    context_name: str | None

    def __call__(self, instance: Any, inputs: dict[str, Any], context: NodeContext) -> Any:
        known = self.parameters
        keywords = {known[name]: value for name, value in inputs.items() if name in known}
        if self.context_name is not None:
            keywords[self.context_name] = context
        return self.function(**keywords)


def _no_instance() -> None:
    """Native nodes keep no state between calls."""


def _file_menu(menu: FileChoice, folders: Folders) -> list[str]:
    names = folders.names(menu.folder)
    if menu.extensions:
        names = [name for name in names if name.lower().endswith(menu.extensions)]
    return [*names, *menu.extra]


def _read_parameter(type_id: str, parameter: inspect.Parameter, help_: str | None) -> _NativeInput:
    where = f'node {type_id}, parameter "{parameter.name}"'
    if parameter.annotation is _MISSING:
        raise TypeError(f"{where} has no annotation")
    base, markers = _unwrap(parameter.annotation)
    settings = _marker(markers, Input) or Input()
    wire, menu = _wire_type(where, base, markers)
    options: dict[str, Any] = {}
    if parameter.default is not _MISSING and parameter.default is not None:
        default = parameter.default
        options["default"] = default.value if isinstance(default, enum.Enum) else default
    for marker in markers:
        options.update(_options(marker))
    if help_:
        options["tooltip"] = help_
    optional = settings.optional or parameter.default is None
    if optional and parameter.default is _MISSING:
        raise TypeError(f"{where} is optional and so needs a default")
    return _NativeInput(
        settings.name or parameter.name, parameter.name, wire, options, optional, menu
    )


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """Strip Annotated and `| None`; return the bare type and all markers."""
    markers: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            markers.extend(found)
        elif get_origin(annotation) in (typing.Union, types.UnionType):
            rest = [a for a in get_args(annotation) if a not in (type(None), NodeResult)]
            if len(rest) != 1:
                return annotation, markers
            annotation = rest[0]
        else:
            return annotation, markers


def _wire_type(where: str, base: Any, markers: list[Any]) -> tuple[Any, Choice | FileChoice | None]:
    menu = _marker(markers, Choice) or _marker(markers, FileChoice)
    if menu is not None:
        return "COMBO", menu
    socket = _marker(markers, Socket)
    if socket is not None:
        return (AnyType("*") if socket.name == "*" else socket.name), None
    if get_origin(base) is Literal:
        return "COMBO", Choice(get_args(base))
    if inspect.isclass(base) and issubclass(base, enum.Enum):
        return "COMBO", Choice([member.value for member in base])
    if base in _WIDGET_TYPES:
        return _WIDGET_TYPES[base], None
    if get_origin(base) is list:
        element, inner = _unwrap(get_args(base)[0])
        return _wire_type(where, element, inner)
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


def _read_outputs(type_id: str, annotation: Any) -> tuple[OutputSpec, ...]:
    if annotation is _MISSING:
        raise TypeError(f"node {type_id} has no return annotation")
    base, markers = _unwrap(annotation)
    if base in (None, type(None), Ui, NodeResult):
        return ()
    if inspect.isclass(base) and issubclass(base, tuple) and hasattr(base, "_fields"):
        hints = typing.get_type_hints(base, include_extras=True)
        return tuple(_read_output(type_id, *_unwrap(hints[field]), field) for field in base._fields)
    return (_read_output(type_id, base, markers, None),)


def _read_output(type_id: str, base: Any, markers: list[Any], field: str | None) -> OutputSpec:
    wire, menu = _wire_type(f"node {type_id}, output", base, markers)
    if isinstance(menu, Choice) and not callable(menu.options):
        wire = list(menu.options)
    setting = _marker(markers, Output) or Output("")
    # An output named like its type shows the type, as files of the peer expect (contract §4.5).
    named_as_type = field is None or field.replace("_", "") == str(wire).replace("_", "").lower()
    name = setting.name or (str(wire) if named_as_type else str(field))
    return OutputSpec(wire, name, setting.is_list, setting.tooltip)


def _files_reader(
    inputs: list[_NativeInput],
) -> Callable[[Mapping[str, Any]], list[tuple[str, str]]] | None:
    menus = [(item.name, item.menu) for item in inputs if isinstance(item.menu, FileChoice)]
    if not menus:
        return None

    def files(literals: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [
            (menu.folder, literals[name])
            for name, menu in menus
            if isinstance(literals.get(name), str) and literals[name] not in menu.extra
        ]

    return files


def _hook(function: Callable[..., Any] | None) -> Hook | None:
    if function is None:
        return None
    parameters = inspect.signature(function).parameters.values()
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    names = frozenset(p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD)
    return Hook(function, names, takes_all)


def _native_lazy(check: Callable[..., Any]) -> Callable[[Any, dict[str, Any]], Any]:
    def check_lazy(instance: Any, inputs: dict[str, Any]) -> Any:
        return check(**inputs)

    return check_lazy
