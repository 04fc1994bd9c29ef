"""One run of one graph: pops ready nodes, runs them, keeps their results while they are needed."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from engine.cache.store import Entry, ResultCache
from engine.errors import RunCancelledError
from engine.execution.answers import Answer, merge_answers, shown
from engine.execution.calling import NodeCall
from engine.execution.context import RunScope
from engine.execution.declared import TypeTable
from engine.execution.dynamic import DynamicPrompt
from engine.execution.errors import DependencyCycleError, NodeExitError, NodeRunError
from engine.execution.events import (
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodesCached,
    NodeStarted,
)
from engine.execution.expansion import Expansion, merge_expansion, read_expansion
from engine.execution.inputs import Collected, HiddenInputs, collect_inputs, describe
from engine.execution.instances import Instances
from engine.execution.keying import RunKeys
from engine.execution.parked import Finished, Parked
from engine.execution.plan import Plan, Retention, make_plan, pick_ranks, upstream_order
from engine.execution.schedule import Schedule
from engine.faultpoints import reach
from engine.graph.model import NodeId
from engine.registry.spec import NodeSpec


@dataclass(slots=True)
class RunParts:
    """What a run works with."""

    scope: RunScope
    dynamic: DynamicPrompt
    types: TypeTable
    keys: RunKeys
    hidden: HiddenInputs
    cache: ResultCache
    instances: Instances
    free_memory: Callable[[], None]
    check_mutation: bool


class Run:
    """The state of one run.

    Attributes:
        ui: What nodes show, cached ones included.
        values: Outputs of the nodes in `keep`.
        executed: Nodes that ran, in the order they finished.
        error: Why the run failed, or None.
        running: The node whose code runs now, or None.
    """

    def __init__(
        self, parts: RunParts, outputs: Collection[NodeId], keep: Collection[NodeId]
    ) -> None:
        self.ui: dict[NodeId, dict[str, list[object]]] = {}
        self.values: dict[NodeId, tuple[list[object], ...]] = {}
        self.executed: list[NodeId] = []
        self.error: NodeRunError | None = None
        self.running: NodeId | None = None
        self._parts = parts
        self._dynamic, self._types = parts.dynamic, parts.types
        self._keys, self._cache = parts.keys.keys, parts.cache
        self._outputs = dict.fromkeys(outputs)
        self._keep = frozenset(keep)
        self._roots = list(dict.fromkeys([*outputs, *keep]))
        self._schedule = Schedule()
        self._retention = Retention()
        self._results: dict[NodeId, Entry] = {}
        self._inputs: dict[NodeId, Collected] = {}
        self._started: set[NodeId] = set()
        self._computed: set[str | None] = set()
        self._expansions: dict[NodeId, Expansion] = {}
        self._child_seconds: dict[NodeId, float] = {}
        self._parked = Parked(parts.scope.cancel)

    async def execute(self) -> None:
        """Run until the outputs are there or a node failed. Raises: RunCancelledError."""
        async with self._parked:
            await self._prepare()
            while self._schedule and self.error is None:
                await self._advance()
            while self._parked:  # after a failure, what was begun (writing a file) is finished
                await self._parked.wait()
                await self._collect()

    # --- before nodes run ----------------------------------------------------------------------

    async def _prepare(self) -> None:
        try:
            order = upstream_order(self._roots, self._all_sources)
        except DependencyCycleError as error:
            self._fail(error.node_ids[0], error)
            return
        for node_id in order:
            if not await self._add_key(node_id, blame=node_id):
                return
        self._cache.begin({node_id: self._keys[node_id] for node_id in order})
        self._retention.add({node_id: self._all_sources(node_id) for node_id in order})
        plan = self._schedule_roots(self._roots)
        self._settle(plan.reused, lambda: self._announce_cached(plan, order))

    async def _add_key(self, node_id: NodeId, blame: NodeId) -> bool:
        self._parts.scope.cancel.check()
        await self._guarded(blame, self._parts.keys.add(self._dynamic.nodes[node_id]))
        return self.error is None

    def _announce_cached(self, plan: Plan, order: Sequence[NodeId]) -> None:
        cached = tuple(
            node_id
            for node_id in order
            if node_id not in self._schedule and node_id not in self._retention
        )
        looked_up = {*plan.reused, *plan.steps}
        reasons = {n: self._cache.explain(n, self._keys[n]) for n in order if n in looked_up}
        for node_id in cached:
            if node_id not in looked_up:
                self._cache.passed_over(node_id, self._keys[node_id])
        self._parts.scope.emit(NodesCached(cached, reasons))
        for node_id in plan.reused:
            if node_id in self._outputs:
                self._report_found(node_id)

    def _schedule_roots(self, roots: Iterable[NodeId]) -> Plan:
        """Schedule what `roots` need; return the plan, whose reused nodes are to be settled."""
        plan = make_plan(roots, self._strong_sources, self._find, self._is_known)
        self._retention.add({node_id: self._all_sources(node_id) for node_id in plan.steps})
        ranks = pick_ranks(plan, self._is_root, self._is_async)
        for node_id, sources in plan.steps.items():
            waits_for = [source for source in sources if source not in self._results]
            self._schedule.add(node_id, waits_for, ranks[node_id])
        return plan

    def _is_root(self, node_id: NodeId) -> bool:
        return node_id in self._outputs or self._spec(node_id).is_output

    def _is_async(self, node_id: NodeId) -> bool:
        return self._spec(node_id).is_async

    def _spec(self, node_id: NodeId) -> NodeSpec:
        return self._types[self._dynamic.nodes[node_id].type].spec

    def _is_known(self, node_id: NodeId) -> bool:
        return node_id in self._schedule or node_id in self._results

    def _find(self, node_id: NodeId) -> bool:
        """Look a node up; what is found stays while somebody may ask for it."""
        entry = self._cache.get(node_id, self._keys[node_id])
        if entry is None:
            return False
        self._hold(node_id, entry)
        return True

    def _hold(self, node_id: NodeId, entry: Entry) -> None:
        self._results[node_id] = entry
        if entry.ui is not None:
            self.ui[node_id] = entry.ui
        if node_id in self._keep:
            self.values[node_id] = entry.outputs

    # --- links ---------------------------------------------------------------------------------

    def _all_sources(self, node_id: NodeId) -> list[NodeId]:
        nodes = self._dynamic.nodes
        return [link.source for _, link in nodes[node_id].links() if link.source in nodes]

    def _strong_sources(self, node_id: NodeId) -> list[NodeId]:
        node = self._dynamic.nodes[node_id]
        rules = self._types[node.type]
        return [
            link.source
            for name, link in node.links()
            if link.source in self._dynamic.nodes and not rules.input(name).lazy
        ]

    # --- running -------------------------------------------------------------------------------

    async def _advance(self) -> None:
        self._parts.scope.cancel.check()
        await self._collect()
        node_id = self._schedule.pop() if self.error is None else None
        if node_id is not None:
            await self._guarded(node_id, self._step(node_id))
            if self._parked:
                await asyncio.sleep(0)
        elif self._parked:
            await self._parked.wait()
        elif self._schedule and self.error is None:
            blamed = next(iter(self._expansions), next(iter(self._schedule)))
            self._fail(blamed, DependencyCycleError(list(self._schedule)))

    async def _guarded(self, node_id: NodeId, work: Awaitable[None]) -> None:
        """Do some work of a node; its errors are the node's."""
        self.running = node_id
        try:
            await work
        except RunCancelledError:
            raise
        except SystemExit as error:  # other runs, the server and the artist's work go on
            self._fail(node_id, NodeExitError(error))
        except Exception as error:  # noqa: BLE001  # code of nodes
            self._fail(node_id, error)
        self.running = None

    async def _step(self, node_id: NodeId) -> None:
        """Run a node whose sources are there, or find that it needs more."""
        if node_id in self._expansions:
            self._finish_expansion(node_id)
            return
        if self._keys[node_id].digest in self._computed and self._find(node_id):
            self._settle([node_id], lambda: self._report_found(node_id))
            return
        node = self._dynamic.nodes[node_id]
        rules = self._types[node.type]
        if node_id not in self._started:
            self._started.add(node_id)
            self._parts.scope.emit(NodeStarted(self._dynamic.ids(node_id), node.type))
            reach("node-start")
        inputs = collect_inputs(node, rules, self._results, self._parts.hidden)
        self._inputs[node_id] = inputs
        call = self._call(node_id, inputs)
        if rules.spec.check_lazy is not None and (wanted := await call.wanted(node)):
            self._need(node_id, wanted, ())
            return
        begun = time.perf_counter()
        answers = call.start()
        if isinstance(answers, list):
            await self._answered(node_id, answers, time.perf_counter() - begun)
        else:
            self._parked.add(node_id, answers, begun)

    def _call(self, node_id: NodeId, inputs: Collected) -> NodeCall:
        node = self._dynamic.nodes[node_id]
        spec = self._types[node.type].spec
        ids = self._dynamic.ids(node_id)

        def blocked(message: str) -> None:
            executed = tuple(self.executed)
            self._parts.scope.emit(NodeBlocked(ids, node.type, message, executed))

        return NodeCall(
            spec,
            self._parts.instances.get(spec, ids),
            inputs,
            ids,
            self._parts.scope,
            self._parts.free_memory,
            blocked,
            self._parts.check_mutation,
        )

    def _need(
        self, node_id: NodeId, sources: Collection[NodeId], outputs: Iterable[NodeId]
    ) -> None:
        """Let a node wait for further nodes; schedule them and `outputs`."""
        self._outputs.update(dict.fromkeys(outputs))
        plan = self._schedule_roots([*sources, *outputs])
        self._schedule.wait(node_id, [s for s in sources if s not in self._results])

        def report() -> None:
            for found in plan.reused:
                self._report_found(found)

        self._settle(plan.reused, report)

    async def _collect(self) -> None:
        """Take the answers of asynchronous nodes that are over."""
        for over in self._parked.finished():
            await self._guarded(over.node_id, self._take(over))

    async def _take(self, over: Finished) -> None:
        await self._answered(over.node_id, over.task.result(), over.seconds)

    # --- results -------------------------------------------------------------------------------

    async def _answered(self, node_id: NodeId, answers: list[Answer], seconds: float) -> None:
        if any(answer.expand is not None for answer in answers):
            await self._expand(node_id, answers, seconds)
            return
        spec = self._spec(node_id)
        entry = Entry(merge_answers(spec, answers), shown(answers), seconds)
        # A blocked node is asked again next time, so that its message is shown again.
        self._ran(node_id, entry, keep=not any(answer.blocked for answer in answers))

    async def _expand(self, node_id: NodeId, answers: list[Answer], seconds: float) -> None:
        expansion = read_expansion(self._dynamic, node_id, answers, seconds)
        outputs = [made for made in expansion.made if self._spec(made).is_output]
        expansion.shows = bool(outputs)
        order = upstream_order([*expansion.sources, *outputs], self._all_sources, self._keys)
        for made in order:
            if not await self._add_key(made, blame=node_id):
                return
        self._expansions[node_id] = expansion
        self._retention.add({made: self._all_sources(made) for made in order})
        self._retention.add_sources(node_id, expansion.sources)
        self._need(node_id, expansion.sources, outputs)

    def _finish_expansion(self, node_id: NodeId) -> None:
        expansion = self._expansions.pop(node_id)
        spec = self._spec(node_id)
        outputs = merge_expansion(spec, expansion, self._results)
        seconds = expansion.seconds + self._child_seconds.pop(node_id, 0.0)
        # When nodes inside show something, the node expands anew, so that they show it again.
        entry = Entry(outputs, shown(expansion.answers), seconds)
        self._ran(node_id, entry, keep=not expansion.shows)

    def _ran(self, node_id: NodeId, entry: Entry, *, keep: bool) -> None:
        key = self._keys[node_id]
        spec = self._spec(node_id)
        if keep:
            # An output node's result is worth nothing on another day without its file.
            self._cache.put(node_id, key, entry, storable=not spec.side_effect)
            if key.digest is not None:
                self._computed.add(key.digest)
        parent = self._dynamic.get_parent_node_id(node_id)
        if parent is not None:
            self._child_seconds[parent] = self._child_seconds.get(parent, 0.0) + entry.seconds
        self._hold(node_id, entry)
        self.executed.append(node_id)
        reach("node-end")
        ids = self._dynamic.ids(node_id)
        report = NodeFinished(ids, entry.ui, entry.seconds, cached=False)
        self._settle([node_id], lambda: self._parts.scope.emit(report))

    def _report_found(self, node_id: NodeId) -> None:
        entry = self._results[node_id]
        ids = self._dynamic.ids(node_id)
        self._parts.scope.emit(NodeFinished(ids, entry.ui, entry.seconds, cached=True))

    def _settle(self, node_ids: Sequence[NodeId], report: Callable[[], None]) -> None:
        """Nodes have their results: start who waited, report, let go of what is not needed."""
        for node_id in node_ids:
            self._inputs.pop(node_id, None)
            if node_id in self._schedule:
                self._schedule.done(node_id)
        unasked = self._retention.settle(node_ids, self._schedule)
        report()
        for node_id in unasked:
            if self._results.pop(node_id, None) is not None:
                self._cache.release(node_id)

    def _fail(self, node_id: NodeId, error: Exception) -> None:
        node = self._dynamic.nodes[node_id]
        ids = self._dynamic.ids(node_id)
        collected = self._inputs.get(node_id)
        inputs = {} if collected is None else describe(collected.values)
        frames = tuple(traceback.format_tb(error.__traceback__))
        executed = tuple(self.executed)
        self._parts.scope.emit(NodeFailed(ids, node.type, error, frames, inputs, executed))
        if self.error is None:
            self.error = NodeRunError(ids.real, node_id, node.type, error)
            self.error.__cause__ = error
