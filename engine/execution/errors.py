"""What can go wrong while a graph runs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.errors import EngineError, shorten


class NodeRunError(EngineError):
    """A node failed and stopped the run; the error it raised is the `__cause__`.

    Attributes:
        node_id: The node in the graph as it was queued.
        running_id: The node that failed: `node_id`, or one it expanded into.
        node_type: Type of the node that failed.
    """

    code = "node_failed"

    def __init__(self, node_id: str, running_id: str, node_type: str, cause: BaseException) -> None:
        self.node_id, self.running_id, self.node_type = node_id, running_id, node_type
        inside = "" if running_id == node_id else f" (while it ran #{running_id})"
        reason = str(cause) or type(cause).__name__
        if is_out_of_memory(cause):
            reason = (
                "there is not enough memory, even after caches and models were freed. Make the "
                f"picture or the batch smaller. ({shorten(reason.splitlines()[0])[1:-1]})"
            )
        elif not isinstance(cause, EngineError) and str(cause):
            reason = f"{type(cause).__name__}: {reason}"
        super().__init__(f"{node_type} #{node_id}{inside}: {reason}")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, on a device or in the process."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # The CPU allocator has no error type of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


class EmptyListError(EngineError):
    """Lists that go through a node call by call have no common number of calls.

    Attributes:
        empty: Inputs that are empty lists.
        filled: Inputs that are not.
    """

    code = "empty_list"

    def __init__(self, empty: Sequence[str], filled: Sequence[str]) -> None:
        self.empty, self.filled = tuple(empty), tuple(filled)
        super().__init__(
            f"input {_quoted(empty)}: the list that arrived is empty, but {_quoted(filled)} has "
            "elements. Give it at least one element."
        )


class NodeExitError(EngineError):
    """A node tried to end the whole program."""

    code = "node_exit"

    def __init__(self, cause: SystemExit) -> None:
        super().__init__(
            f"the node tried to end the program (exit status {shorten(cause.code)}), which would "
            "end other runs too. Tell the author of its pack."
        )


class BadAnswerError(EngineError):
    """A node returned something that is no answer.

    Attributes:
        got: What it returned.
    """

    code = "bad_answer"

    def __init__(self, got: object, expected: str) -> None:
        self.got = got
        shown = "nothing" if got is None else f"a {type(got).__name__}"
        super().__init__(f"the node returned {shown}; expected {expected}.")


class ExpansionError(EngineError):
    """A node wants to run nodes in its place that cannot be run."""

    code = "bad_expansion"


class BrokenLinkError(EngineError):
    """A link leads to a node that does not exist.

    Attributes:
        input: Name of the linked input.
        source: The missing node.
    """

    code = "broken_link"

    def __init__(self, input_name: str, source: str) -> None:
        self.input, self.source = input_name, source
        super().__init__(
            f'input "{input_name}" is linked to node {shorten(source)}, which does not exist.'
        )


class LazyInputError(EngineError):
    """A node asks for an input that it cannot be given.

    Attributes:
        input: The name it asked for.
    """

    code = "lazy_input"

    def __init__(self, input_name: str, problem: str) -> None:
        self.input = input_name
        super().__init__(f"its lazy check asks for input {shorten(input_name)}, {problem}.")


class DependencyCycleError(EngineError):
    """Nodes that were made while running wait for each other.

    Attributes:
        node_ids: Nodes along the circle, or all that wait.
    """

    code = "dependency_cycle"

    def __init__(self, node_ids: Sequence[str]) -> None:
        self.node_ids = tuple(node_ids)
        shown = ", ".join(f"#{node_id}" for node_id in self.node_ids[:8])
        more = ", …" if len(self.node_ids) > 8 else ""
        super().__init__(f"these nodes wait for each other: {shown}{more}.")


class MutatedInputError(EngineError):
    """A node wrote into a value it was given, which other nodes and the cache share.

    Attributes:
        inputs: Names of the changed inputs.
    """

    code = "mutated_input"

    def __init__(self, inputs: Sequence[str]) -> None:
        self.inputs = tuple(inputs)
        super().__init__(
            f"the node changed the value of its input {_quoted(inputs)} in place. Values are "
            "shared: it must work on a copy."
        )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
