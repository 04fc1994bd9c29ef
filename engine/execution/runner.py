"""Runs graphs one after another; the only part of execution that the rest of the engine calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch

from engine.cache.store import ResultCache
from engine.errors import RunCancelledError
from engine.execution.context import CancelToken, RunScope
from engine.execution.declared import TypeTable
from engine.execution.dynamic import DynamicPrompt
from engine.execution.errors import NodeRunError
from engine.execution.events import Event, NodeIds, RunFinished, RunInterrupted, RunStarted
from engine.execution.inputs import HiddenInputs
from engine.execution.instances import Instances
from engine.execution.keying import Hasher, RunKeys
from engine.execution.run import Run, RunParts
from engine.graph.model import Graph, NodeId
from engine.registry.registry import Registry

Status: TypeAlias = Literal["success", "error", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A validated graph to run.

    Attributes:
        outputs: Output nodes to run, as validation gave them.
        prompt: The API prompt as it was queued, for nodes that embed it.
        extra_data: What came with the prompt: "extra_pnginfo", tokens.
        keep: Nodes whose values are wanted in the result; they run even if no output needs them.
    """

    graph: Graph
    outputs: Collection[NodeId]
    prompt_id: str
    prompt: Mapping[str, Any]
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    keep: Collection[NodeId] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run went.

    Attributes:
        outputs: What nodes show, by node id, cached ones included.
        ids: Where each node of `outputs` belongs.
        error: Why the run failed, or None; the node's own error is its `__cause__`.
        executed: Nodes that ran, in the order they finished.
        values: For the nodes asked for: each output's list of values.
    """

    status: Status
    outputs: Mapping[NodeId, Mapping[str, Any]]
    ids: Mapping[NodeId, NodeIds]
    error: NodeRunError | None
    executed: tuple[NodeId, ...]
    values: Mapping[NodeId, tuple[list[Any], ...]]


class Runner:
    """Runs graphs, one at a time, with one cache; node instances live from run to run."""

    def __init__(
        self,
        registry: Registry,
        cache: ResultCache,
        *,
        services: Mapping[type, object],
        file_hasher: Hasher,
        environment: str,
        free_memory: Callable[[], None],
        embed_metadata: bool = True,
        check_mutation: bool = False,
    ) -> None:
        """Compose a runner.

        Args:
            environment: What else changes bits here (device, dtype); joins every key.
            free_memory: Frees caches and models after a node ran out of memory.
            embed_metadata: Native nodes get the prompt to write it into files. Packs get it
                either way, as PROMPT, since they read the setting themselves.
            check_mutation: Fail nodes that write into their inputs (slow; for tests).
        """
        self._registry, self._cache = registry, cache
        self._services, self._hasher = services, file_hasher
        self._environment = environment
        self._free_memory, self._check_mutation = free_memory, check_mutation
        self._embed_metadata = embed_metadata
        self._instances = Instances()
        self._busy = False

    async def run(
        self, request: RunRequest, emit: Callable[[Event], None], cancel: CancelToken
    ) -> RunResult:
        """Run a graph; failures of nodes are in the result, not raised.

        The event loop should be this run's own: nodes that are not asynchronous block it, and
        all of it runs in torch's inference mode.

        Args:
            emit: Called with each event, in the thread that causes it.
            cancel: Stops the run, from any thread.

        Raises: RuntimeError, when a run is in progress.
        """
        if self._busy:
            raise RuntimeError("Runner.run: another run is in progress")
        self._busy = True
        begun = time.perf_counter()
        status: Status = "interrupted"
        parts = self._parts(request, emit, cancel)
        run = Run(parts, request.outputs, request.keep)
        self._instances.begin(request.graph)
        emit(RunStarted(request.prompt_id))
        try:
            with torch.inference_mode():
                await run.execute()
            status = "success" if run.error is None else "error"
        except RunCancelledError as error:
            emit(_interrupted(run, parts.dynamic, error.saved))
        finally:
            self._cache.end()
            self._busy = False
            emit(RunFinished(request.prompt_id, status, time.perf_counter() - begun))
        ids = {node_id: parts.dynamic.ids(node_id) for node_id in run.ui}
        executed = tuple(run.executed)
        return RunResult(status, run.ui, ids, run.error, executed, run.values)

    def _parts(
        self, request: RunRequest, emit: Callable[[Event], None], cancel: CancelToken
    ) -> RunParts:
        dynamic = DynamicPrompt(request.prompt, request.graph)
        types = TypeTable(self._registry)
        hidden = HiddenInputs(dynamic, request.extra_data)
        return RunParts(
            scope=RunScope(
                request.prompt_id,
                request.prompt if self._embed_metadata else {},
                (request.extra_data.get("extra_pnginfo") or {}) if self._embed_metadata else {},
                self._services,
                emit,
                cancel,
            ),
            dynamic=dynamic,
            types=types,
            keys=RunKeys(types, hidden, self._registry.folders, self._hasher, self._environment),
            hidden=hidden,
            cache=self._cache,
            instances=self._instances,
            free_memory=self._free_memory,
            check_mutation=self._check_mutation,
        )


def _interrupted(run: Run, dynamic: DynamicPrompt, saved: tuple[int, int] | None) -> RunInterrupted:
    executed = tuple(run.executed)
    if run.running is None:
        return RunInterrupted(None, None, executed)
    node_type = dynamic.nodes[run.running].type
    return RunInterrupted(dynamic.ids(run.running), node_type, executed, saved)


def run_graph(
    runner: Runner,
    request: RunRequest,
    emit: Callable[[Event], None] = lambda event: None,
    cancel: CancelToken | None = None,
) -> RunResult:
    """Run a graph from code that is not asynchronous.

    To stop on Ctrl-C at the next step of a node, let a SIGINT handler call `cancel.cancel()`.
    """
    return asyncio.run(runner.run(request, emit, cancel or CancelToken()))
