"""Names of socket types and the shape of node classes, for annotations."""

from engine.compat.hosting.missing import unoffered

from .node_typing import IO, CheckLazyMixin, ComfyNodeABC, InputTypeDict

__all__ = ["IO", "CheckLazyMixin", "ComfyNodeABC", "InputTypeDict"]
__getattr__ = unoffered(__name__)
