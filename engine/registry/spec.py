"""NodeSpec: the one description of a node type that everything downstream reads.

Native functions, V1 classes and V3 schemas all become a `NodeSpec`. Inputs stay in the shape V1
packs use, `{"required": {name: (type, options)}, "optional": …, "hidden": …}`, and are never
normalised: packs return dict and str subclasses with overridden operators (contract §4.1), so
readers use only `in`, `[]`, iteration and `!=` on them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from engine.registry.replacements import NodeReplacement
from engine.types import Preview

InputTypes: TypeAlias = Mapping[str, Any]
"""Sections "required", "optional", "hidden" as a node type declares them; see the module text."""

T = TypeVar("T")


class Folders(Protocol):
    """Files that nodes name: models by folder key, and the input, output and temp folders."""

    def names(self, key: str) -> list[str]:
        """List file names of a model folder key, or of "input", "output", "temp", sorted."""
        ...

    def resolve(self, key: str, name: str) -> Path:
        """Return the file behind a name.

        The one function for user-supplied names: links are resolved first, then the path is
        compared with the folder. A name may end in " [input]", " [output]" or " [temp]".

        Raises: MissingFileError, ForbiddenPathError.
        """
        ...

    def directory(self, kind: str) -> Path:
        """Return the "input", "output", "temp" or "user" directory."""
        ...


class NodeContext(Protocol):
    """What one call of a node may ask of its host."""

    @property
    def node_id(self) -> str: ...
    @property
    def prompt_id(self) -> str:
        """Id of the run; "" when there is none."""
        ...

    @property
    def call_index(self) -> int:
        """Which call of the node this is, from 0, when lists make it run several times."""
        ...

    @property
    def prompt(self) -> Mapping[str, Any]:
        """The API prompt as it was queued, for embedding into files."""
        ...

    @property
    def extra_pnginfo(self) -> Mapping[str, Any]:
        """Further metadata to embed, normally {"workflow": …}; empty when metadata is off."""
        ...

    def service(self, kind: type[T]) -> T:
        """Return the host's one instance of a service, for instance `Residency`.

        Raises: LookupError, when the host was composed without it.
        """
        ...

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        """Report progress of this node. Raises: RunCancelledError, when the artist stopped it."""
        ...

    def check_cancelled(self) -> None:
        """Raises: RunCancelledError, when the artist stopped the run."""
        ...


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output socket.

    Attributes:
        type: Wire type; may be a pack's `str` subclass or a list of options (COMBO output).
        name: Label; defaults to the type.
        is_list: The node returns a list here, one element per downstream call.
    """

    type: Any
    name: str
    is_list: bool = False
    tooltip: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """An optional function of a node type, with the parameter names it takes.

    Attributes:
        call: Sync or async; called with keyword arguments only.
        names: Parameters it names.
        takes_all: It has `**kwargs`, so it takes every input.
    """

    call: Callable[..., Any]
    names: frozenset[str]
    takes_all: bool = False


class InputTypesReader(Protocol):
    """Returns a type's declared inputs; evaluated anew on each call, as packs expect."""

    def __call__(self, folders: Folders) -> InputTypes: ...


class NodeFunction(Protocol):
    """Runs a node once. The answer is raw (contract §4.4): tuple, dict, NodeResult or blocker."""

    def __call__(
        self, instance: Any, inputs: dict[str, Any], context: NodeContext
    ) -> Any | Awaitable[Any]: ...


class FilesReader(Protocol):
    """Lists (folder key, name) of the files a node reads, as far as literal inputs tell."""

    def __call__(
        self, literals: Mapping[str, Any], folders: Folders
    ) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """A node type.

    Attributes:
        type_id: Name in files: `class_type`.
        display_name: Title on the canvas; None shows the type id.
        version: Joins the cache key: it changes when the same inputs may give other bits.
        replacements: What became of older forms of it, and of types whose place it took.
        outputs: In slot order.
        is_output: A root of execution (saves, previews).
        side_effect: Leaves something behind (a file); its cached run still shows its UI.
        input_is_list: Inputs arrive as whole lists, one call.
        is_async: `call` returns an awaitable, so the node is started early.
        not_idempotent: Two nodes with equal inputs are not interchangeable.
        source: "native", "v1" or "v3".
        input_types: See `InputTypes`.
        node_class: The pack's class; None for native nodes.
        create: Makes the instance that lives as long as its node id and type (packs keep state).
        call: Runs the node on that instance.
        check_lazy: (instance, inputs) -> names of inputs still needed; may be async.
        validate: VALIDATE_INPUTS: True, or a text or False.
        fingerprint: IS_CHANGED: its result joins the cache key; a NaN never matches.
        files: Files read besides; their content joins the cache key.
    """

    type_id: str
    display_name: str | None = None
    category: str = ""
    description: str = ""
    python_module: str = "nodes"
    version: str = ""
    replacements: tuple[NodeReplacement, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    is_output: bool = False
    side_effect: bool = False
    input_is_list: bool = False
    is_async: bool = False
    not_idempotent: bool = False
    deprecated: bool = False
    experimental: bool = False
    api_node: bool = False
    source: str = "native"
    node_class: type | None = None
    input_types: InputTypesReader
    create: Callable[[], Any]
    call: NodeFunction
    check_lazy: Callable[[Any, dict[str, Any]], Any] | None = None
    validate: Hook | None = None
    fingerprint: Hook | None = None
    files: FilesReader | None = None
