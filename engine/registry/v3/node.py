"""`ComfyNode` and `NodeOutput`: V3 nodes, which V1 callers can use as well."""

from __future__ import annotations

import inspect
import types
from abc import ABCMeta
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from engine.registry.v3.options import HiddenHolder
from engine.registry.v3.schema import Schema
from engine.types import ExecutionBlocker

T = TypeVar("T")


class NodeOutput:
    """What a V3 node answers.

    Attributes:
        args: One value per output.
        ui: Shown in the editor: a dictionary, or an object with `as_dict()`.
        expand: Prompt-shaped nodes to run in this node's place.
        block_execution: Stops the consumers of all outputs, with this message.
    """

    def __init__(
        self,
        *args: Any,
        ui: Any = None,
        expand: Mapping[str, Any] | None = None,
        block_execution: str | None = None,
    ) -> None:
        self.args = args
        self.ui = ui
        self.expand = expand
        self.block_execution = block_execution

    @property
    def result(self) -> tuple[Any, ...] | None:
        """The values, or None when there are none."""
        return self.args or None

    def __getitem__(self, index: int) -> Any:
        return self.args[index]


class _ClassProperty(Generic[T]):
    """An attribute of a class that is computed from the class."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read

    def __get__(self, instance: object, owner: Any) -> T:
        return self._read(owner)


class _Lockable(ABCMeta):
    """Classes whose running clones refuse to be changed; packs may mix in abstract classes."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls.__dict__.get("_locked"):
            raise AttributeError(
                f"{cls.__name__}.{name}: a node cannot keep state on its class while it runs"
            )
        super().__setattr__(name, value)


class ComfyNode(metaclass=_Lockable):
    """Base class of V3 nodes: every method is a class method.

    A node may also define `validate_inputs`, `fingerprint_inputs` and `check_lazy_status`, with
    the meanings VALIDATE_INPUTS, IS_CHANGED and check_lazy_status have for V1 nodes. The
    attributes in capitals are computed from the schema, for callers that know V1 only.
    """

    RELATIVE_PYTHON_MODULE: str | None = None
    hidden: HiddenHolder = HiddenHolder()

    @classmethod
    def define_schema(cls) -> Schema:
        """Describe the node; evaluated anew whenever its inputs are asked for."""
        raise NotImplementedError(f"{cls.__name__} does not define its schema")

    @classmethod
    def execute(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the node on its inputs, by name; may be async."""
        raise NotImplementedError(f"{cls.__name__} does not define execute")

    @classmethod
    def running_clone(cls, hidden: HiddenHolder) -> type[ComfyNode]:
        """Return the class one call runs on: it has hidden values and refuses changes."""
        members = {"hidden": hidden, "__module__": cls.__module__}
        clone: type[ComfyNode] = types.new_class(
            cls.__name__, (cls,), exec_body=lambda namespace: namespace.update(members)
        )
        type.__setattr__(clone, "_locked", True)
        return clone

    @classmethod
    def EXECUTE_NORMALIZED(cls, *args: Any, **kwargs: Any) -> NodeOutput:  # noqa: N802
        """Run a sync node and return its answer as a NodeOutput."""
        return normalized(cls, cls.execute(*args, **kwargs))

    @classmethod
    async def EXECUTE_NORMALIZED_ASYNC(cls, *args: Any, **kwargs: Any) -> NodeOutput:  # noqa: N802
        """Run an async node and return its answer as a NodeOutput."""
        return normalized(cls, await cls.execute(*args, **kwargs))

    @classmethod
    def GET_SCHEMA(cls) -> Schema:  # noqa: N802
        """Return the schema."""
        return cls.define_schema()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as V1 classes declare them; hidden tokens are 1-tuples."""
        schema = cls.define_schema()
        declared: dict[str, Any] = dict(schema.declared_inputs())
        if schema.hidden:
            declared["hidden"] = {token.name: (token.value,) for token in schema.hidden}
        return declared

    RETURN_TYPES = _ClassProperty(
        lambda cls: tuple(output.get_io_type() for output in cls.define_schema().outputs)
    )
    RETURN_NAMES = _ClassProperty(
        lambda cls: tuple(
            output.display_name or output.get_io_type() for output in cls.define_schema().outputs
        )
    )
    OUTPUT_TOOLTIPS = _ClassProperty(
        lambda cls: tuple(output.tooltip for output in cls.define_schema().outputs)
    )
    OUTPUT_IS_LIST = _ClassProperty(
        lambda cls: tuple(output.is_output_list for output in cls.define_schema().outputs)
    )
    FUNCTION = _ClassProperty(
        lambda cls: "EXECUTE_NORMALIZED_ASYNC" if runs_async(cls) else "EXECUTE_NORMALIZED"
    )
    CATEGORY = _ClassProperty(lambda cls: cls.define_schema().category)
    DESCRIPTION = _ClassProperty(lambda cls: cls.define_schema().description)
    OUTPUT_NODE = _ClassProperty(lambda cls: cls.define_schema().is_output_node)
    INPUT_IS_LIST = _ClassProperty(lambda cls: cls.define_schema().is_input_list)
    DEPRECATED = _ClassProperty(lambda cls: cls.define_schema().is_deprecated)
    EXPERIMENTAL = _ClassProperty(lambda cls: cls.define_schema().is_experimental)
    API_NODE = _ClassProperty(lambda cls: cls.define_schema().is_api_node)
    NOT_IDEMPOTENT = _ClassProperty(lambda cls: cls.define_schema().not_idempotent)


def runs_async(cls: type[ComfyNode]) -> bool:
    """Tell whether a node's `execute` is a coroutine function."""
    return inspect.iscoroutinefunction(cls.execute)


def normalized(cls: type[ComfyNode], answer: Any) -> NodeOutput:
    """Return a node's answer as a NodeOutput.

    Raises: TypeError, when it answers a dictionary or anything else that V3 nodes may not;
        ValueError, when it expands without having said so in its schema.
    """
    match answer:
        case None:
            return NodeOutput()
        case tuple():
            return NodeOutput(*answer)
        case ExecutionBlocker():
            blockers = [answer for _ in cls.define_schema().outputs]
            return NodeOutput(*blockers)
        case NodeOutput():
            if answer.expand is not None and not cls.define_schema().enable_expand:
                raise ValueError(
                    f"node {cls.__name__} expands, but its schema does not set enable_expand=True"
                )
            return answer
    raise TypeError(
        f"node {cls.__name__} returned {type(answer).__name__}; "
        "expected a NodeOutput, a tuple, None or an ExecutionBlocker"
    )
