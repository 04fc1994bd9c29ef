"""Tools for nodes that run other nodes in their own place."""

from engine.compat.hosting.missing import unoffered
from engine.registry.expansion import GraphBuilder, is_link
from engine.registry.expansion import GraphNode as Node
from engine.types import ExecutionBlocker

__all__ = ["ExecutionBlocker", "GraphBuilder", "Node", "is_link"]
__getattr__ = unoffered(__name__)
