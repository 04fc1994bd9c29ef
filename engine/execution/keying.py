"""Makes the cache keys of a run, node by node as nodes become known."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from pathlib import Path
from typing import Any, Protocol

from engine.cache.keys import NodeKey, node_key
from engine.errors import EngineError
from engine.execution.declared import TypeRules, TypeTable
from engine.execution.inputs import HiddenInputs, constant_inputs
from engine.graph.model import Link, Node, NodeId
from engine.registry.spec import Folders

_logger = logging.getLogger(__name__)

_HASHED_AT_ONCE_BYTES = 1 << 20
"""Bigger files are hashed in a thread, so that other tasks of the process go on."""


class Hasher(Protocol):
    """Gives the digest of a file's content; must be usable from any thread."""

    def digest(self, path: Path) -> str:
        """Return the digest. Raises: OSError."""
        ...


class RunKeys:
    """Keys by node id; a node's sources come before it."""

    def __init__(
        self,
        types: TypeTable,
        hidden: HiddenInputs,
        folders: Folders,
        hasher: Hasher,
        environment: str,
    ) -> None:
        self.keys: dict[NodeId, NodeKey] = {}
        self._types, self._hidden = types, hidden
        self._folders, self._hasher = folders, hasher
        self._environment = environment

    async def add(self, node: Node) -> None:
        """Make the key of a node. Raises: UnknownNameError, or what the type's own code raises."""
        rules = self._types[node.type]
        for _, link in node.links():
            if link.source not in self._hidden.dynamic.nodes:
                problem = f'node "{link.source}" does not exist'
                self.keys.setdefault(link.source, NodeKey(None, "", unstable=problem))
        change = None if rules.spec.fingerprint is None else await self._change(node, rules)
        files: dict[str, str] = {}
        if rules.spec.files is not None:
            found = await self._files(node, rules)
            # The node itself will say what is wrong with its file.
            files, change = (found, change) if found is not None else ({}, math.nan)
        self.keys[node.id] = node_key(
            node,
            rules.spec,
            self.keys,
            change=change,
            files=files,
            environment=self._environment,
            node_id_matters=rules.node_id_matters,
        )

    async def _change(self, node: Node, rules: TypeRules) -> Any:
        """Ask IS_CHANGED; an error means that the result is never reused (contract §4.1)."""
        hook = rules.spec.fingerprint
        assert hook is not None
        given = constant_inputs(node, rules, self._hidden)
        if not hook.takes_all:
            given = {name: value for name, value in given.items() if name in hook.names}
        if rules.spec.input_is_list and rules.spec.source != "native":
            given = {name: [value] for name, value in given.items()}
        try:
            answer = hook.call(**given)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:  # noqa: BLE001  # a pack's code; the contract says what follows
            _logger.warning("%s #%s: IS_CHANGED failed, so it runs: %s", node.type, node.id, error)
            return math.nan

    async def _files(self, node: Node, rules: TypeRules) -> dict[str, str] | None:
        """Return the digest of each file the node reads; None when one cannot be read."""
        assert rules.spec.files is not None
        literals = {name: v for name, v in node.inputs.items() if not isinstance(v, Link)}
        digests: dict[str, str] = {}
        try:
            for folder, name in rules.spec.files(literals, self._folders):
                path = self._folders.resolve(folder, name)
                if path.is_dir() or path.stat().st_size > _HASHED_AT_ONCE_BYTES:
                    digest = await asyncio.to_thread(self._hasher.digest, path)
                else:
                    digest = self._hasher.digest(path)
                digests[f"{folder}/{name}"] = digest
        except (EngineError, OSError) as error:
            _logger.info("%s #%s: a file cannot be read: %s", node.type, node.id, error)
            return None
        return digests
