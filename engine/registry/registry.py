"""The table of node types a process knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.errors import UnknownNameError
from engine.registry.replacements import NodeReplacement, Replacements
from engine.registry.spec import Folders, InputTypes, NodeSpec


class Registry(Mapping[str, NodeSpec]):
    """Node types by id. Built-in names cannot be taken over; among packs the last one wins.

    Attributes:
        replacements: What became of types that files may name.
    """

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.replacements = Replacements()
        self._specs: dict[str, NodeSpec] = {}
        self._builtin: set[str] = set()

    def __getitem__(self, type_id: str) -> NodeSpec:
        return self._specs[type_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def add(self, spec: NodeSpec, *, builtin: bool = False) -> bool:
        """Add a type; return False, changing nothing, when a pack names a built-in type.

        Raises: ValueError, when the replacements it brings would lead in a circle.
        """
        if spec.type_id in self._builtin and not builtin:
            return False
        if builtin:
            self._builtin.add(spec.type_id)
        self._specs[spec.type_id] = spec
        for step in spec.replacements:
            self.replacements.add(step)
        return True

    def add_replacement(self, step: NodeReplacement) -> None:
        """Add what a pack says about a type of its own, or one that is gone.

        Raises: ValueError, when it is about a built-in type, or steps would lead in a circle.
        """
        if step.old_type in self._builtin:
            raise ValueError("its replacement is refused: the type is built in")
        self.replacements.add(step)

    def rename(self, type_id: str, display_name: str) -> None:
        """Change a type's title; packs may do so for built-in types too. Raises: KeyError."""
        self._specs[type_id] = replace(self._specs[type_id], display_name=display_name)

    def find(self, type_id: str) -> NodeSpec:
        """Return a type. Raises: UnknownNameError, with the nearest name."""
        if type_id not in self._specs:
            raise UnknownNameError("node type", type_id, self._specs)
        return self._specs[type_id]

    def input_types(self, type_id: str) -> InputTypes:
        """Return a type's declared inputs, evaluated now. Raises: UnknownNameError."""
        return self.find(type_id).input_types(self.folders)
