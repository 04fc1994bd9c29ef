"""Cache keys: a node's key is a digest of what decides its result, and says what it is made of.

A node's part of the graph enters through the digests of the nodes it is linked to, never by a
walk over its ancestors. Ids and titles do not matter, so a renumbered graph finds its results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import msgspec
from blake3 import blake3

from engine.cache.fingerprint import UnstableValueError, fingerprint
from engine.graph.model import Link, Node, NodeId
from engine.registry.spec import NodeSpec

_LAYOUT = "tessera-key-1"
"""Joins every key; change it when keys are built otherwise, so that stored results expire."""


class LinkPart(NamedTuple):
    """A linked input: the upstream digest and slot enter the key, the node's id only explains."""

    source: NodeId
    digest: str | None
    slot: int


class DigestPart(NamedTuple):
    """A literal input that is no plain scalar, by its fingerprint."""

    digest: str


InputPart: TypeAlias = "LinkPart | DigestPart | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class NodeKey:
    """The key of one node in one graph.

    Attributes:
        digest: 64 hexadecimal digits, or None: the result is never reused; `unstable` says why.
        type: Node type id.
        version: The type's version.
        inputs: By input name: the link's upstream digest, or the literal (scalars as they are).
        files: Content digest by name of each file the node reads.
        change: Fingerprint of what IS_CHANGED returned, or None.
        environment: What else changes bits, as the caller gave it.
        unstable: Why there is no digest, in one clause.
    """

    digest: str | None
    type: str
    version: str = ""
    inputs: Mapping[str, InputPart] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    change: str | None = None
    environment: str = ""
    unstable: str = ""


def node_key(
    node: Node,
    spec: NodeSpec,
    input_keys: Mapping[NodeId, NodeKey],
    *,
    change: object | None,
    files: Mapping[str, str],
    environment: str,
    node_id_matters: bool,
) -> NodeKey:
    """Return the key of `node`.

    Args:
        input_keys: Keys of at least the nodes that `node` is linked to.
        change: What IS_CHANGED returned; NaN when it failed; None when there is none.
        files: Content digest of each file the node reads, by any stable name.
        environment: dtype, device class, determinism: whatever changes bits on this host.
        node_id_matters: The type takes UNIQUE_ID or is NOT_IDEMPOTENT.

    Raises: ValueError, when a link's source has no key.
    """
    parts: dict[str, InputPart] = {}
    problem = _read_inputs(node, input_keys, parts)
    change_digest = None
    if change is not None:
        try:
            change_digest = fingerprint(change)
        except UnstableValueError as error:
            given = "NaN" if error.reason == "it is NaN" else f"a value without digest ({error})"
            problem = problem or f"IS_CHANGED gave {given}"
    digest = None
    if not problem:
        owner = node.id if node_id_matters else None
        rest = [sorted(files.items()), change_digest, environment, owner]
        digest = _digest([_LAYOUT, spec.type_id, spec.version, rest], parts)
    return NodeKey(
        digest, spec.type_id, spec.version, parts, files, change_digest, environment, problem
    )


def _read_inputs(
    node: Node, input_keys: Mapping[NodeId, NodeKey], parts: dict[str, InputPart]
) -> str:
    """Fill `parts`, sorted by input name; return why the node has no digest, or ""."""
    problem = ""
    for name in sorted(node.inputs):
        value = node.inputs[name]
        kind = type(value)
        if kind is Link:
            upstream = input_keys.get(value.source)
            if upstream is None:
                raise ValueError(f'node "{node.id}", input "{name}": "{value.source}" has no key')
            parts[name] = LinkPart(value.source, upstream.digest, value.slot)
            if upstream.digest is None:
                problem = problem or f'upstream node "{value.source}" is never reused'
        elif kind in _SCALARS and value == value:  # only NaN differs from itself
            parts[name] = value
        else:
            try:
                parts[name] = DigestPart(fingerprint(value))
            except UnstableValueError as error:
                problem = problem or f'input "{name}" has no stable value: {error.reason}'
    return problem


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _digest(head: list[Any], parts: Mapping[str, InputPart]) -> str:
    try:
        # msgpack keeps 1, 1.0, "1" and True apart and says every length.
        encoded = _ENCODER.encode([head, [(n, _encodable(p)) for n, p in parts.items()]])
    except (OverflowError, UnicodeEncodeError):  # integers over 64 bits, lone surrogates
        plain = [(name, _encodable(part)) for name, part in parts.items()]
        encoded = fingerprint([head, plain]).encode()
    digest: str = blake3(encoded).hexdigest()
    return digest


def _encodable(part: InputPart) -> object:
    """Scalars stay bare; digests and links become lists of one and two, so none are confused."""
    if isinstance(part, LinkPart):
        return part.digest, part.slot
    return (part.digest,) if isinstance(part, DigestPart) else part


_ENCODER = msgspec.msgpack.Encoder()
