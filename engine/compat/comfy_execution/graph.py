"""The graph a node runs in, and the value that stops consumers."""

from engine.compat.hosting.missing import unoffered
from engine.execution.dynamic import DynamicPrompt
from engine.types import ExecutionBlocker

__all__ = ["DynamicPrompt", "ExecutionBlocker"]
__getattr__ = unoffered(__name__)
