"""What a run reads of node types: each type's declared inputs, asked for once per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.registry.registry import Registry
from engine.registry.spec import InputTypes, NodeSpec


@dataclass(frozen=True, slots=True)
class InputRules:
    """How an input is treated (contract §4.3).

    Attributes:
        declared: The type names it; a literal that is not declared is dropped.
        lazy: Its producer runs only when the node asks.
        raw: The node gets the link itself.
    """

    declared: bool = False
    lazy: bool = False
    raw: bool = False


@dataclass(slots=True)
class TypeRules:
    """A node type in one run. Declared sections are only ever read as contract §4.1 allows."""

    spec: NodeSpec
    declared: InputTypes
    hidden: Mapping[str, str]
    _inputs: dict[str, InputRules] = field(default_factory=dict)

    @property
    def node_id_matters(self) -> bool:
        """Whether two nodes with equal inputs may differ."""
        return self.spec.not_idempotent or "UNIQUE_ID" in self.hidden.values()

    def input(self, name: str) -> InputRules:
        """Return how the input `name` is treated."""
        found = self._inputs.get(name)
        if found is None:
            found = self._inputs[name] = self._read(name)
        return found

    def _read(self, name: str) -> InputRules:
        for section in ("required", "optional"):
            if section in self.declared and name in self.declared[section]:
                declaration = self.declared[section][name]
                options = declaration[1] if len(declaration) > 1 else None
                if not isinstance(options, dict):
                    return InputRules(declared=True)
                return InputRules(
                    declared=True,
                    lazy="lazy" in options and bool(options["lazy"]),
                    raw="rawLink" in options and bool(options["rawLink"]),
                )
        return InputRules(declared=name in self.hidden)


class TypeTable:
    """The node types of one run, read when first met."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._types: dict[str, TypeRules] = {}

    def __getitem__(self, type_id: str) -> TypeRules:
        """Return a type. Raises: UnknownNameError, or whatever the type's own code raises."""
        found = self._types.get(type_id)
        if found is None:
            declared = self._registry.input_types(type_id)
            rules = TypeRules(self._registry.find(type_id), declared, _read_hidden(declared))
            found = self._types[type_id] = rules
        return found


def _read_hidden(declared: InputTypes) -> dict[str, str]:
    """Return the token of each hidden input; V1 gives texts, others one-element lists."""
    if "hidden" not in declared:
        return {}
    section = declared["hidden"]
    tokens = {name: section[name] for name in section}
    return {
        name: str(token[0] if isinstance(token, (list, tuple)) and token else token)
        for name, token in tokens.items()
    }
