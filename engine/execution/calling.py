"""Calls one node: once per element of its lists, again after running out of memory."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.execution.answers import Answer, blocked_answer, read_answer
from engine.execution.context import RunContext, RunScope
from engine.execution.errors import (
    LazyInputError,
    MutatedInputError,
    NodeExitError,
    is_out_of_memory,
)
from engine.execution.events import NodeIds
from engine.execution.immutability import changed, snapshot
from engine.execution.inputs import Collected
from engine.execution.lists import calls, find_blocker
from engine.graph.model import Link, Node, NodeId
from engine.registry.spec import NodeSpec

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class NodeCall:
    """All calls of one node in one run.

    Attributes:
        blocked: Called with each message that keeps the node from running, once per message.
    """

    spec: NodeSpec
    instance: Any
    inputs: Collected
    ids: NodeIds
    scope: RunScope
    free_memory: Callable[[], None]
    blocked: Callable[[str], None]
    check_mutation: bool = False
    _reported: set[str] = field(default_factory=set)

    def start(self) -> list[Answer] | Awaitable[list[Answer]]:
        """Make the calls; the answers come at once, or later when a call is asynchronous."""
        made: list[Answer | Awaitable[Answer]] = []
        whole = self.spec.input_is_list
        try:
            for index, arguments in enumerate(calls(self.inputs.values, whole_lists=whole)):
                self.scope.cancel.check()
                if self._is_blocked(arguments):
                    made.append(blocked_answer(self.spec))
                else:
                    made.append(self._call(arguments, RunContext(self.scope, self.ids, index)))
        except BaseException:
            for answer in made:
                if inspect.iscoroutine(answer):
                    answer.close()
            raise
        answers = [answer for answer in made if isinstance(answer, Answer)]
        return answers if len(answers) == len(made) else _gather(made)

    async def wanted(self, node: Node) -> list[NodeId]:
        """Return the producers of lazy inputs that the node still asks for.

        Raises: LazyInputError, when it asks for an input that is not linked.
        """
        check = self.spec.check_lazy
        assert check is not None
        names: dict[str, None] = {}
        whole = self.spec.input_is_list
        for arguments in calls(self.inputs.values, whole_lists=whole):
            self.scope.cancel.check()
            if find_blocker(arguments, whole_lists=whole) is not None:
                continue
            answer = check(self.instance, arguments)
            answer = await answer if inspect.isawaitable(answer) else answer
            if isinstance(answer, (list, tuple, set, frozenset)):
                names.update(dict.fromkeys(answer))
        needed = [n for n in names if n in self.inputs.missing or n not in self.inputs.values]
        return [_linked(node, name).source for name in needed]

    def _is_blocked(self, arguments: dict[str, Any]) -> bool:
        blocker = find_blocker(arguments, whole_lists=self.spec.input_is_list)
        if blocker is None:
            return False
        if blocker.message is not None and blocker.message not in self._reported:
            self._reported.add(blocker.message)
            self.blocked(blocker.message)
        return True

    def _call(self, arguments: dict[str, Any], context: RunContext) -> Answer | Awaitable[Answer]:
        before = snapshot(arguments) if self.check_mutation else None
        try:
            raw = self.spec.call(self.instance, dict(arguments), context)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raw = None
            again = True
        else:
            again = False
        if again:  # outside of `except`, whose traceback keeps the failed call's tensors alive
            self._make_room()
            raw = self.spec.call(self.instance, dict(arguments), context)
        if inspect.isawaitable(raw):
            return self._await(raw, arguments, context, before)
        return self._read(raw, arguments, before)

    async def _await(
        self,
        raw: Awaitable[Any],
        arguments: dict[str, Any],
        context: RunContext,
        before: dict[str, Any] | None,
    ) -> Answer:
        try:
            return self._read(await _finish(raw), arguments, before)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        self._make_room()
        raw = self.spec.call(self.instance, dict(arguments), context)
        return self._read(await _finish(raw), arguments, before)

    def _read(self, raw: Any, arguments: dict[str, Any], before: dict[str, Any] | None) -> Answer:
        if before is not None and (names := changed(before, arguments)):
            raise MutatedInputError(names)
        return read_answer(self.spec, raw)

    def _make_room(self) -> None:
        _logger.warning(
            "%s #%s ran out of memory; it is tried once more after caches and models were freed",
            self.spec.type_id,
            self.ids.node,
        )
        self.free_memory()


async def _finish(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except SystemExit as error:  # asyncio would end the event loop, and with it every run
        raise NodeExitError(error) from error


async def _gather(made: Sequence[Answer | Awaitable[Answer]]) -> list[Answer]:
    """Wait for all answers; when one fails the others are cancelled."""
    tasks = {
        index: asyncio.ensure_future(answer)
        for index, answer in enumerate(made)
        if not isinstance(answer, Answer)
    }
    try:
        await asyncio.gather(*tasks.values())
    except BaseException:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        raise
    return [a if isinstance(a, Answer) else tasks[i].result() for i, a in enumerate(made)]


def _linked(node: Node, name: object) -> Link:
    value = node.inputs.get(name) if isinstance(name, str) else None
    if not isinstance(value, Link):
        raise LazyInputError(str(name), "which is not linked")
    return value
