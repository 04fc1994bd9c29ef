"""List mapping (contract §5): how lists of values go through a node, call by call. Pure.

Every output is a list of values; most have one element. N, the longest input, is the number of
calls; call i gets element min(i, last) of each. A batch tensor is one element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine.execution.errors import EmptyListError
from engine.types import ExecutionBlocker

Inputs: TypeAlias = Mapping[str, list[Any]]


def calls(inputs: Inputs, *, whole_lists: bool) -> Iterator[dict[str, Any]]:
    """Iterate over the keyword arguments of each call.

    Args:
        whole_lists: The node takes lists (INPUT_IS_LIST): one call with everything.

    Raises: EmptyListError, for an empty list beside others.
    """
    if whole_lists:
        yield dict(inputs)
        return
    count = max((len(values) for values in inputs.values()), default=0)
    if count == 0:
        yield {}
        return
    empty = [name for name, values in inputs.items() if not values]
    if empty:
        raise EmptyListError(empty, [name for name, values in inputs.items() if values])
    for index in range(count):
        yield {name: values[min(index, len(values) - 1)] for name, values in inputs.items()}


def find_blocker(arguments: Mapping[str, Any], *, whole_lists: bool) -> ExecutionBlocker | None:
    """Return the first blocker among the arguments of a call."""
    for value in arguments.values():
        for element in value if whole_lists else (value,):
            if isinstance(element, ExecutionBlocker):
                return element
    return None


def merge_output(results: Sequence[Any], *, is_list: bool) -> list[Any]:
    """Return one output's values over all calls; lists are joined, blockers stay elements."""
    if not is_list:
        return list(results)
    merged: list[Any] = []
    for result in results:
        if isinstance(result, ExecutionBlocker):
            merged.append(result)
        else:
            merged.extend(result)
    return merged


def merge_ui(shown: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]] | None:
    """Join what the calls show, list by list; the first call decides which keys there are."""
    if not shown:
        return None
    return {key: [item for ui in shown for item in ui.get(key, ())] for key in shown[0]}
