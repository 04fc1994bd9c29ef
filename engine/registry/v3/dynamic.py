"""Inputs of V3 schemas that take several types or change with the graph.

`MatchType`, `AutogrowDynamic` and `ComboDynamic` are experimental in the API itself. A schema can
declare them and the canvas is told what they hold; the inputs they add arrive in `execute` under
the names the canvas gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.registry.v3.options import without_unset
from engine.registry.v3.sockets import ComfyType, Input, Output, WireType


class MultiTypeInput(Input):
    """Takes `types`; given another input instead of an id, it shows that one's control.

    `args` and `settings` are those of every input.
    """

    def __init__(
        self,
        id: str | Input,  # noqa: A002 - the name packs use
        types: Iterable[type[ComfyType]],
        *args: Any,
        **settings: Any,
    ) -> None:
        self.shown = id if isinstance(id, Input) else None
        super().__init__(id.id if isinstance(id, Input) else id, *args, **settings)
        if self.shown is not None:
            self.optional = self.optional or self.shown.optional
        self.types = list(types)

    def get_io_type(self) -> WireType:
        """Return the types as a comma list, that of the shown control first."""
        first = [] if self.shown is None else [self.shown.get_io_type()]
        return WireType(_comma_list([*first, *(kind.io_type for kind in self.types)]))

    def as_dict(self) -> dict[str, Any]:
        """Return the option keys, with those of the shown control."""
        options = super().as_dict()
        if self.shown is None:
            return options
        return self.shown.as_dict() | {"widgetType": self.shown.get_io_type()} | options


class MultiType(ComfyType):
    """A socket that takes any of several types."""

    io_type = WireType("*")
    Input = MultiTypeInput


@dataclass(frozen=True)
class MatchTemplate:
    """Sockets that share a template carry the same type, once one of them is connected."""

    template_id: str
    allowed_types: type[ComfyType] | Sequence[type[ComfyType]]

    def io_type(self) -> WireType:
        """Return the allowed types as a comma list."""
        allowed = self.allowed_types
        kinds = [allowed] if isinstance(allowed, type) else allowed
        return WireType(_comma_list(kind.io_type for kind in kinds))


class MatchTypeInput(Input):
    """An input that follows its template. `args` and `settings` are those of every input."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the name packs use
        template: MatchTemplate,
        *args: Any,
        **settings: Any,
    ) -> None:
        super().__init__(id, *args, **settings)
        self.template = template

    def get_io_type(self) -> WireType:
        """Return the types the template allows."""
        return self.template.io_type()

    def as_dict(self) -> dict[str, Any]:
        """Return the option keys, with the template's id."""
        return super().as_dict() | {"template_id": self.template.template_id}


class MatchTypeOutput(Output):
    """An output that follows its template. `args` and `settings` are those of every output."""

    def __init__(self, template: MatchTemplate, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.template = template

    def get_io_type(self) -> WireType:
        """Return the types the template allows."""
        return self.template.io_type()


class MatchType(ComfyType):
    """A socket whose type follows what is connected to its fellows."""

    io_type = WireType("COMFY_MATCHTYPE_V3")
    Template = MatchTemplate
    Input = MatchTypeInput
    Output = MatchTypeOutput


class AutogrowDynamicInput(Input):
    """At least `min` and at most `max` inputs made after `template_input`."""

    io_type = WireType("COMFY_AUTOGROW_V3")

    def __init__(
        self,
        id: str,  # noqa: A002 - the name packs use
        template_input: Input,
        min: int = 1,  # noqa: A002 - the name packs use
        max: int | None = None,  # noqa: A002 - the name packs use
        **settings: Any,
    ) -> None:
        super().__init__(id, **settings)
        self.template_input, self.min, self.max = template_input, min, max

    def as_dict(self) -> dict[str, Any]:
        """Return the option keys, with the template input and the bounds."""
        template = [self.template_input.get_io_type(), self.template_input.as_dict()]
        bounds = without_unset({"min": self.min, "max": self.max})
        return super().as_dict() | {"template": template} | bounds


class AutogrowDynamic(ComfyType):
    """A row of like inputs that grows as they are connected."""

    io_type = WireType("COMFY_AUTOGROW_V3")
    Input = AutogrowDynamicInput


class ComboDynamicInput(Input):
    """The menu itself. `args` and `settings` are those of every input."""

    io_type = WireType("COMFY_COMBODYNAMIC_V3")


class ComboDynamic(ComfyType):
    """A menu whose choice brings further inputs."""

    io_type = WireType("COMFY_COMBODYNAMIC_V3")
    Input = ComboDynamicInput


def _comma_list(types: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(map(str, types)))
