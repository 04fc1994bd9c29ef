"""Reads what a node returned (contract §4.4) into one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.execution.errors import BadAnswerError
from engine.execution.lists import merge_output, merge_ui
from engine.registry.spec import NodeSpec
from engine.types import ExecutionBlocker, NodeResult, Ui


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call returned.

    Attributes:
        values: One per output; fewer when a pack's node returned fewer.
        expand: Prompt-shaped nodes to run in the node's place; `values` may then link to them.
        blocked: The node was not called.
    """

    values: tuple[Any, ...] = ()
    ui: Mapping[str, Any] | None = None
    expand: Mapping[str, Any] | None = None
    blocked: bool = False


def blocked_answer(spec: NodeSpec) -> Answer:
    """Return the answer of a call that was not made: consumers are blocked in silence."""
    return Answer((ExecutionBlocker(None),) * len(spec.outputs), blocked=True)


def read_answer(spec: NodeSpec, raw: Any) -> Answer:
    """Return the answer behind a raw return value.

    Raises: BadAnswerError, when it is none, or when a native node's outputs are not complete.
    """
    if isinstance(raw, NodeResult):
        answer = Answer(raw.values, raw.ui, raw.expand)
        return answer if spec.source != "native" else _complete(spec, answer)
    if isinstance(raw, ExecutionBlocker):
        return Answer((raw,) * len(spec.outputs))
    if spec.source == "native":
        return _read_native(spec, raw)
    if isinstance(raw, dict):
        return _read_dict(spec, raw)
    if isinstance(raw, (tuple, list)):
        return Answer(tuple(raw))
    raise BadAnswerError(raw, "a tuple with one value per output")


def merge_answers(spec: NodeSpec, answers: Sequence[Answer]) -> tuple[list[Any], ...]:
    """Return each output's values over all calls; a slot that a call left out ends the outputs."""
    count = min((len(answer.values) for answer in answers), default=0)
    return tuple(
        merge_output([answer.values[slot] for answer in answers], is_list=_is_list(spec, slot))
        for slot in range(count)
    )


def shown(answers: Sequence[Answer]) -> dict[str, list[Any]] | None:
    """Return what all calls show together, or None."""
    return merge_ui([answer.ui for answer in answers if answer.ui is not None])


def _is_list(spec: NodeSpec, slot: int) -> bool:
    return slot < len(spec.outputs) and spec.outputs[slot].is_list


def _read_native(spec: NodeSpec, raw: Any) -> Answer:
    """Native functions return what their annotation says; a dict is a value, unless it is Ui."""
    if isinstance(raw, Ui):
        return _complete(spec, Answer((), raw))
    if raw is None and not spec.outputs:
        return Answer()
    if raw is None:
        raise BadAnswerError(raw, _names(spec))
    if len(spec.outputs) == 1 and not hasattr(raw, "_fields"):
        return Answer((raw,))
    if not isinstance(raw, tuple):
        raise BadAnswerError(raw, _names(spec))
    return _complete(spec, Answer(tuple(raw)))


def _complete(spec: NodeSpec, answer: Answer) -> Answer:
    if len(answer.values) != len(spec.outputs):
        raise BadAnswerError(answer.values, f"{_names(spec)}, got {len(answer.values)} values")
    return answer


def _names(spec: NodeSpec) -> str:
    return f"{len(spec.outputs)} outputs ({', '.join(o.name for o in spec.outputs) or 'none'})"


def _read_dict(spec: NodeSpec, raw: dict[str, Any]) -> Answer:
    """Read {"ui", "result", "expand"}, any of which may be missing."""
    result = raw.get("result", ())
    if isinstance(result, ExecutionBlocker):
        result = (result,) * len(spec.outputs)
    if not isinstance(result, (tuple, list)):
        raise BadAnswerError(result, 'a tuple under "result"')
    return Answer(tuple(result), raw.get("ui"), raw.get("expand"))
