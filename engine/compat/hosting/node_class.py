"""Built-in node types as V1 classes that packs call and subclass."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import random
import string
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

from engine.compat.host import current
from engine.compat.hosting.contexts import context_with
from engine.compat.hosting.node_methods import ARGUMENT_ORDER, METHODS
from engine.compat.hosting.values import know_facades, to_native, to_pack
from engine.execution.answers import Answer, read_answer
from engine.registry.spec import InputTypes, NodeSpec
from nodes.image.result_files import save_pngs

_METADATA: Final = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
"""Hidden inputs that callers of built-in classes may pass on."""


def class_of(spec: NodeSpec) -> type:
    """Return a native node type as a class; the same one each time, so that packs can patch it."""
    made = current().node_classes
    if spec.type_id not in made:
        know_facades()
        bases = _BASES.get(spec.type_id, lambda: ())()
        made[spec.type_id] = type(spec.type_id, bases, _attributes(spec))
    return made[spec.type_id]


def _attributes(spec: NodeSpec) -> dict[str, Any]:
    method = METHODS.get(spec.type_id, "execute")

    def input_types(cls: type) -> InputTypes:
        declared = spec.input_types(current().folders)
        return {**declared, "hidden": dict(_METADATA)} if spec.type_id in _BASES else declared

    attributes: dict[str, Any] = {
        "INPUT_TYPES": classmethod(input_types),
        "RETURN_TYPES": tuple(output.type for output in spec.outputs),
        "RETURN_NAMES": tuple(output.name for output in spec.outputs),
        "OUTPUT_IS_LIST": tuple(output.is_list for output in spec.outputs),
        "INPUT_IS_LIST": spec.input_is_list,
        "FUNCTION": method,
        "CATEGORY": spec.category,
        "DESCRIPTION": spec.description,
        "OUTPUT_NODE": spec.is_output,
        "RELATIVE_PYTHON_MODULE": spec.python_module,
        "__doc__": spec.description,
        "__module__": "nodes",
    }
    if spec.type_id not in _BASES:
        attributes[method] = _method(spec)
    return attributes


def _method(spec: NodeSpec) -> Callable[..., Any]:
    """Return a method that runs the native function with the running node's context."""

    def call(self: object, *args: Any, **kwargs: Any) -> Any:
        inputs, hidden = _bound(spec, args, kwargs)
        raw = spec.call(None, inputs, context_with(hidden))
        answer = read_answer(spec, finished(raw) if inspect.isawaitable(raw) else raw)
        return _returned(spec, answer)

    return call


def _bound(
    spec: NodeSpec, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs by name and hidden values. Raises: TypeError, as a plain method would."""
    sections = spec.input_types(current().folders)
    declared = [name for section in sections.values() for name in section]
    order = [*ARGUMENT_ORDER.get(spec.type_id, declared), *_METADATA]
    if len(args) > len(order):
        raise TypeError(f"{spec.type_id} takes {len(order)} arguments, got {len(args)}")
    given = dict(zip(order, args, strict=False))
    for name, value in kwargs.items():
        if name in given or name not in {*declared, *_METADATA}:
            problem = "is given twice" if name in given else "is no input of it"
            raise TypeError(f'{spec.type_id}: "{name}" {problem}')
        given[name] = value
    hidden = {name: given.pop(name) for name in _METADATA if name in given}
    return {name: to_native(value) for name, value in given.items()}, hidden


def _returned(spec: NodeSpec, answer: Answer) -> Any:
    values = tuple(to_pack(value) for value in answer.values)
    if not spec.is_output:
        return values
    return (
        {"ui": dict(answer.ui or {}), "result": values} if values else {"ui": dict(answer.ui or {})}
    )


def finished(answer: Awaitable[Any]) -> Any:
    """Return what an asynchronous function answers, from code that is not asynchronous."""

    async def wait() -> Any:
        return await answer

    # Packs call from within the run's event loop, which cannot wait for a second one.
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(contextvars.copy_context().run, asyncio.run, wait()).result()


class Saving:
    """What SaveImage and PreviewImage share; subclasses in packs set these attributes.

    Attributes:
        output_dir: Folder of the files.
        type: The folder's name for clients: "output" or "temp".
        prefix_append: Goes behind the file name prefix.
        compress_level: Of the PNG files, 0 to 9.
    """

    def __init__(self) -> None:
        self.output_dir: str = str(current().folders.directory("output"))
        self.type = "output"
        self.prefix_append = ""
        self.compress_level = 4

    def save_images(
        self,
        images: Any,
        filename_prefix: str = "ComfyUI",
        prompt: Mapping[str, Any] | None = None,
        extra_pnginfo: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Save a batch as numbered PNG files and return what shows them.

        Raises: InvalidValueError, ForbiddenPathError, SaveError.
        """
        metadata = {"prompt": prompt, "extra_pnginfo": extra_pnginfo}
        if not current().settings.embed_metadata:
            metadata = dict.fromkeys(metadata)
        context = context_with(metadata, Path(self.output_dir))
        kind: Literal["temp", "output"] = "temp" if self.type == "temp" else "output"
        prefix = filename_prefix + self.prefix_append
        saving = save_pngs(context, images, kind, prefix, self.compress_level)
        return {"ui": {"images": finished(saving)}}


class Previewing(Saving):
    """PreviewImage: files that live for a week."""

    def __init__(self) -> None:
        super().__init__()
        self.output_dir = str(current().folders.directory("temp"))
        self.type = "temp"
        self.prefix_append = "_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
        self.compress_level = 1


def _save_image() -> tuple[type, ...]:
    return (Saving,)


def _preview_image() -> tuple[type, ...]:
    # As packs know it, PreviewImage is a SaveImage.
    return (Previewing, class_of(current().registry["SaveImage"]))


_BASES: Final[dict[str, Callable[[], tuple[type, ...]]]] = {
    "SaveImage": _save_image,
    "PreviewImage": _preview_image,
}
