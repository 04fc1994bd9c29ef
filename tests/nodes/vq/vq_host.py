"""A host with a model library over one folder, for VQ nodes."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from engine.models.library import ModelLibrary
from engine.registry.spec import NodeContext
from engine.types import NodeResult, Preview

T = TypeVar("T")


class Host:
    """Gives the library and remembers the progress that is reported."""

    def __init__(self, library: ModelLibrary) -> None:
        self.library = library
        self.reports: list[tuple[float, float]] = []

    def service(self, kind: type[T]) -> T:
        assert kind is ModelLibrary
        return cast("T", self.library)

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        self.reports.append((value, total))

    @property
    def context(self) -> NodeContext:
        return cast("NodeContext", self)


def outputs(result: Any) -> Any:
    """The values of a node that may also show something."""
    return result.values if isinstance(result, NodeResult) else result


def shown(result: Any) -> str:
    """The text a node shows."""
    assert isinstance(result, NodeResult)
    assert result.ui is not None
    (text,) = result.ui["text"]
    assert isinstance(text, str)
    return text
