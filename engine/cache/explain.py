"""Why a node was not found: its key compared with that of the last result a run used of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from engine.cache.keys import InputPart, LinkPart, NodeKey
from engine.graph.model import NodeId

_REMEMBERED = 50_000
_SHOWN = 3


class Explainer:
    """Remembers each node's last key in use, and why entries were dropped; bounded."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._last: OrderedDict[NodeId, NodeKey] = OrderedDict()
        self._evicted: OrderedDict[str, str] = OrderedDict()

    def used(self, node_id: NodeId, key: NodeKey) -> None:
        """Note that a run used a node's result for this key, or what was made of it."""
        self._last[node_id] = key
        self._last.move_to_end(node_id)
        if len(self._last) > self._remembered:
            self._last.popitem(last=False)

    def evicted(self, digest: str, why: str) -> None:
        """Note that an entry was dropped."""
        self._evicted[digest] = why
        if len(self._evicted) > self._remembered:
            self._evicted.popitem(last=False)

    def why_missing(self, node_id: NodeId, key: NodeKey) -> str:
        """Return why there is no entry, for people."""
        if key.digest is None:
            return f"never reused: {key.unstable}"
        if key.digest in self._evicted:
            return f"evicted ({self._evicted[key.digest]})"
        last = self._last.get(node_id)
        if last is None or last.type != key.type:
            return "no earlier result is kept"
        changes = list(differences(last, key))
        if len(changes) > _SHOWN:
            changes[_SHOWN:] = [f"and {len(changes) - _SHOWN} more"]
        return ", ".join(changes) or "its last result was not kept"


def differences(old: NodeKey, new: NodeKey) -> Iterator[str]:
    """Iterate over what makes two keys of one node type differ; causes in the node come first."""
    if old.version != new.version:
        yield "node version changed"
    literals: list[str] = []
    upstream: list[str] = []
    for name in sorted({*old.inputs, *new.inputs}):
        if name not in new.inputs:
            literals.append(f'input "{name}" was removed')
        elif name not in old.inputs:
            literals.append(f'input "{name}" is new')
        else:
            _compare(name, old.inputs[name], new.inputs[name], literals, upstream)
    yield from literals
    for name in sorted({*old.files, *new.files}):
        if old.files.get(name) != new.files.get(name):
            yield f'file "{name}" changed'
    if old.change != new.change:
        yield "IS_CHANGED gave another value"
    if old.environment != new.environment:
        yield "device or number format changed"
    yield from dict.fromkeys(upstream)


def _compare(
    name: str, old: InputPart, new: InputPart, literals: list[str], upstream: list[str]
) -> None:
    if isinstance(old, LinkPart) and isinstance(new, LinkPart):
        if old.source == new.source and old.slot == new.slot:
            if old.digest != new.digest or new.digest is None:
                upstream.append(f'upstream node "{new.source}" changed')
        elif (old.digest, old.slot) != (new.digest, new.slot):
            literals.append(f'input "{name}" is linked to another node')
    elif type(old) is not type(new) or old != new:
        literals.append(f'input "{name}" changed')
