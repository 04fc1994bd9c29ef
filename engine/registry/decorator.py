"""`@node`: a typed function becomes a node type; its signature is the single source.

Parameters become inputs, in order: the annotation gives type, range and widget, the default is
the widget's start value, the docstring's "Args:" gives the help. A parameter annotated
`NodeContext` receives the context and is no input. The return annotation gives the outputs: a
NamedTuple names them, `Ui` or `None` means there are none.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.registry.docstring import Docstring, parse_docstring
from engine.registry.hooks import read_hook
from engine.registry.replacements import read_replacements
from engine.registry.signature import NativeInput, read_input, read_outputs
from engine.registry.spec import FilesReader, Folders, InputTypes, NodeContext, NodeSpec
from engine.registry.widgets import FileChoice

F = TypeVar("F", bound=Callable[..., Any])


def node(
    type_id: str,
    *,
    category: str,
    title: str | None = None,
    version: int = 1,
    replaces: Mapping[str, Any] | None = None,
    output: bool = False,
    list_input: bool = False,
    not_idempotent: bool = False,
    deprecated: bool = False,
    experimental: bool = False,
    check_lazy: Callable[..., Any] | None = None,
    validate: Callable[..., Any] | None = None,
    fingerprint: Callable[..., Any] | None = None,
    files: FilesReader | None = None,
) -> Callable[[F], F]:
    """Declare a node type on a typed function; the function itself is returned unchanged.

    Args:
        type_id: Name in workflow files. The function is named alike, in snake case.
        category: Menu path, "/" between levels.
        title: Name on the canvas, when it differs from `type_id`.
        version: Raise it when the same inputs give other bits: stored results then expire.
        replaces: What files may hold in its stead: {old type: {"inputs": {old: new},
            "outputs": {old number: new number}, "values": {input: value}}}. With
            "before_version": n under its own name: what changed in version n of its inputs.
        output: A root of execution: it saves or shows something.
        list_input: Inputs arrive as whole lists (annotate them `list[…]`), in one call.
        check_lazy: (**inputs) -> names of lazy inputs still needed; those missing are None.
        validate: (**inputs it names) -> True or a text saying what is wrong; links are None.
        fingerprint: (**inputs it names) -> JSON value that joins the cache key.
        files: (literal inputs, folders) -> (folder key, name) of files it reads besides those its
            menus name; their content joins the cache key.

    Raises: TypeError, when the signature cannot be read as a node.
    """

    def declare(function: F) -> F:
        if function.__name__.replace("_", "") != re.sub("[_ ]", "", type_id).lower():
            raise TypeError(f"node {type_id}: its function is named {function.__name__}")
        help_ = parse_docstring(function.__doc__)
        if not help_.text:
            raise TypeError(f"node {type_id} has no docstring, so it would have no help")
        signature = inspect.signature(function, eval_str=True)
        inputs, context_name = _read_inputs(type_id, signature, help_, list_input)
        parameters = {item.name: item.parameter for item in inputs}
        spec = NodeSpec(
            type_id=type_id,
            display_name=title,
            category=category,
            description=help_.text,
            python_module=function.__module__,
            version=str(version),
            replacements=tuple(
                step
                for old_type, declared in (replaces or {}).items()
                for step in read_replacements(old_type, declared, type_id)
            ),
            outputs=read_outputs(type_id, signature.return_annotation),
            is_output=output,
            side_effect=output,
            input_is_list=list_input,
            is_async=inspect.iscoroutinefunction(function),
            not_idempotent=not_idempotent,
            deprecated=deprecated,
            experimental=experimental,
            input_types=_NativeInputs(inputs),
            create=_no_instance,
            call=_NativeCall(function, parameters, context_name),
            check_lazy=None if check_lazy is None else _native_lazy(check_lazy, parameters),
            validate=read_hook(validate),
            fingerprint=read_hook(fingerprint),
            files=_files_reader(inputs, files),
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
class _NativeInputs:
    inputs: tuple[NativeInput, ...]

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


def _read_inputs(
    type_id: str, signature: inspect.Signature, help_: Docstring, list_input: bool
) -> tuple[tuple[NativeInput, ...], str | None]:
    """Return the inputs, and the name of the parameter that takes the context."""
    inputs: list[NativeInput] = []
    context_name: str | None = None
    for name, parameter in signature.parameters.items():
        if parameter.annotation is NodeContext:
            context_name = name
            continue
        item = read_input(type_id, parameter, help_.args.get(name))
        if item.is_list != list_input:
            wanted = "list[…], because list_input is set" if list_input else "no list[…]"
            raise TypeError(f'node {type_id}, parameter "{name}" must be annotated with {wanted}')
        if any(item.name == other.name for other in inputs):
            raise TypeError(f'node {type_id} has two inputs named "{item.name}"')
        inputs.append(item)
    return tuple(inputs), context_name


def _no_instance() -> None:
    """Native nodes keep no state between calls."""


def _files_reader(
    inputs: tuple[NativeInput, ...], further: FilesReader | None
) -> FilesReader | None:
    menus = [(item.name, item.menu) for item in inputs if isinstance(item.menu, FileChoice)]
    if not menus:
        return further

    def files(literals: Mapping[str, Any], folders: Folders) -> list[tuple[str, str]]:
        named = [
            (menu.folder, literals[name])
            for name, menu in menus
            if isinstance(literals.get(name), str) and literals[name] not in menu.extra
        ]
        return named if further is None else [*named, *further(literals, folders)]

    return files


def _native_lazy(
    check: Callable[..., Any], parameters: Mapping[str, str]
) -> Callable[[Any, dict[str, Any]], Any]:
    def check_lazy(instance: Any, inputs: dict[str, Any]) -> Any:
        return check(**{parameters[name]: inputs[name] for name in inputs if name in parameters})

    return check_lazy
