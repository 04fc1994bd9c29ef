"""The inputs of node types, each asked for once per conversion."""

from __future__ import annotations

from collections.abc import Sequence

from engine.graph.errors import Problem
from engine.graph.input_checks import DeclaredInput, read_declarations
from engine.registry.registry import Registry


class Declarations:
    """Inputs by node type; types that cannot tell theirs are noted in `problems`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.problems: list[Problem] = []
        self._known: dict[str, Sequence[DeclaredInput] | None] = {}

    def __call__(self, type_id: str) -> Sequence[DeclaredInput] | None:
        """Return a type's inputs, or None when it is unknown or cannot tell them."""
        if type_id not in self._known:
            self._known[type_id] = self._read(type_id)
        return self._known[type_id]

    def _read(self, type_id: str) -> Sequence[DeclaredInput] | None:
        if type_id not in self.registry:
            return None
        try:
            return read_declarations(self.registry.input_types(type_id))
        except Exception as error:  # noqa: BLE001 - a pack's code; validation shows its traceback
            message = f"node type {type_id} cannot list its inputs: {error}"
            self.problems.append(Problem("broken_type", message))
            return None
