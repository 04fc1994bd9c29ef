"""`Schema`: what a V3 node declares about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.registry.v3.options import Hidden
from engine.registry.v3.sockets import Input, Output


@dataclass
class Schema:
    """A node type as its `define_schema` describes it.

    Output nodes are given the prompt and its metadata, so that they can write both into files.

    Attributes:
        hidden: What the host is asked for.
        is_input_list: Inputs arrive as whole lists, in one call.
        not_idempotent: Two nodes with equal inputs are not interchangeable.
        enable_expand: The node may run other nodes in its place.

    Raises: ValueError, when two inputs or outputs share an id.
    """

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: Sequence[Input] = ()
    outputs: Sequence[Output] = ()
    hidden: Sequence[Hidden] = field(default_factory=list)
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False

    def __post_init__(self) -> None:
        self.inputs = list(self.inputs or ())
        self.outputs = list(self.outputs or ())
        asked = [*(self.hidden or ())]
        if self.is_output_node:
            asked += [Hidden.prompt, Hidden.extra_pnginfo]
        self.hidden = list(dict.fromkeys(asked))
        # Without an id an output cannot be mistaken for another socket.
        ids = [*(item.id for item in self.inputs), *(item.id for item in self.outputs)]
        sockets = [name for name in ids if name is not None]
        if doubled := [name for name, times in Counter(sockets).items() if times > 1]:
            names = ", ".join(f'"{name}"' for name in doubled)
            raise ValueError(f"node {self.node_id}: ids must be unique, {names} is used twice")

    def declared_inputs(self) -> dict[str, dict[str, tuple[Any, dict[str, Any]]]]:
        """Return the inputs in the sections and shape of a V1 INPUT_TYPES, without hidden ones."""
        declared: dict[str, dict[str, tuple[Any, dict[str, Any]]]] = {"required": {}}
        for item in self.inputs:
            section = declared.setdefault("optional" if item.optional else "required", {})
            section[item.id] = (item.get_io_type(), item.as_dict())
        return declared
