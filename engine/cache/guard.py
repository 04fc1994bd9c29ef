"""Catches nodes that write into their inputs: cached values are shared by every run that follows.

It reads all input tensors twice, so it is for tests and for finding a guilty pack, not for
every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.cache.fingerprint import Parts, fingerprint
from engine.errors import EngineError
from engine.graph.model import NodeId


class MutatedInputError(EngineError):
    """A node changed a value that belongs to the node upstream.

    Attributes:
        node_id, node_type: The guilty node.
        inputs: Names of the inputs it wrote into.
    """

    code = "mutated_input"

    def __init__(self, node_id: NodeId, node_type: str, inputs: list[str]) -> None:
        self.node_id, self.node_type, self.inputs = node_id, node_type, inputs
        names = ", ".join(f'"{name}"' for name in inputs)
        super().__init__(
            f"{node_type} #{node_id} wrote into its input {names}. Other nodes and later runs use "
            "the same value: the node has to work on a copy."
        )


class InputGuard:
    """Remembers the content of a node's inputs from before its call.

    Content is compared in lists, dicts, tuples, tensors and arrays; other objects by identity.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = dict(inputs)
        self._before = {name: _content(value) for name, value in self._inputs.items()}

    def check(self, node_id: NodeId, node_type: str) -> None:
        """Compare the inputs with what they were. Raises: MutatedInputError."""
        changed = [
            name for name, value in self._inputs.items() if _content(value) != self._before[name]
        ]
        if changed:
            raise MutatedInputError(node_id, node_type, changed)


def _content(value: object) -> str:
    return fingerprint(value, opaque=_by_identity)


def _by_identity(value: Any) -> Parts:
    return "object", str(id(value)).encode(), ()
