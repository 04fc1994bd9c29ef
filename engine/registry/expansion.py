"""Builds the nodes a node runs in its own place (contract §5, expansion)."""

from __future__ import annotations

from typing import Any

from engine.registry.running import next_expansion_prefix


def is_link(value: object) -> bool:
    """Tell whether a prompt value is a link: a list `[node id, slot]`."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and type(value[1]) in (int, float)
    )


class GraphBuilder:
    """Collects new nodes under ids that no other node has.

    Attributes:
        prefix: Start of every id; by default unique to this builder in the running node's call.
        nodes: What was built, by full id.

    Raises: LookupError, without a prefix outside of a running node.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = next_expansion_prefix() if prefix is None else prefix
        self.nodes: dict[str, GraphNode] = {}
        self._next_id = 1

    def node(self, class_type: str, id: str | None = None, **inputs: Any) -> GraphNode:  # noqa: A002
        """Add a node and return it; an id that is taken returns the node that has it.

        Args:
            class_type: Its node type.
            id: Its id after the prefix; None counts 1, 2, 3 …
            inputs: Literals, and links as `other.out(slot)`; None leaves an input unset.
        """
        if id is None:
            id = str(self._next_id)  # noqa: A001
            self._next_id += 1
        full_id = self.prefix + id
        if full_id not in self.nodes:
            self.nodes[full_id] = GraphNode(full_id, class_type, inputs)
        return self.nodes[full_id]

    def lookup_node(self, id: str) -> GraphNode | None:  # noqa: A002
        """Return the node with this id (without prefix), or None."""
        return self.nodes.get(self.prefix + id)

    def remove_node(self, id: str) -> None:  # noqa: A002
        """Remove a node. Raises: KeyError, when there is none with this id (without prefix)."""
        del self.nodes[self.prefix + id]

    def replace_node_output(self, node_id: str, index: int, new_value: Any | None) -> None:
        """Give every input that is linked to one output another value.

        Args:
            node_id: Full id of the node whose output it is.
            index: Slot of the output.
            new_value: A literal or link; None leaves the inputs unset.
        """
        for node in self.nodes.values():
            for name, value in list(node.inputs.items()):
                if is_link(value) and value == [node_id, index]:
                    node.set_input(name, new_value)

    def finalize(self) -> dict[str, dict[str, Any]]:
        """Return the nodes in prompt shape, for the "expand" of a node's answer."""
        return {full_id: node.serialize() for full_id, node in self.nodes.items()}


class GraphNode:
    """A node being built; `id` is its full id."""

    def __init__(self, id: str, class_type: str, inputs: dict[str, Any]) -> None:  # noqa: A002
        self.id = id
        self.class_type = class_type
        self.inputs: dict[str, Any] = {}
        self.override_display_id: str | None = None
        for name, value in inputs.items():
            self.set_input(name, value)

    def out(self, index: int) -> list[Any]:
        """Return a link to output `index`."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input; None unsets it."""
        if value is None:
            self.inputs.pop(key, None)
        else:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        """Return an input's literal or link; None when unset."""
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Show this node's progress and errors on another node."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        """Return the node in prompt shape."""
        node: dict[str, Any] = {"class_type": self.class_type, "inputs": dict(self.inputs)}
        if self.override_display_id is not None:
            node["override_display_id"] = self.override_display_id
        return node
