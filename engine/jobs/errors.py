"""What the queue refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import EngineError


class PromptRejectedError(EngineError):
    """A prompt that cannot be queued.

    Attributes:
        error: {type, message, details, extra_info} of contract §2.
        node_errors: What is wrong with each node, by node id.
    """

    code = "prompt_rejected"

    def __init__(self, error: Mapping[str, Any], node_errors: Mapping[str, Any]) -> None:
        self.error, self.node_errors = dict(error), dict(node_errors)
        details = error.get("details") or ""
        super().__init__(f"{error['message']}: {details}" if details else str(error["message"]))

    @classmethod
    def of(cls, kind: str, message: str, details: str) -> PromptRejectedError:
        """Return a rejection that has nothing to do with a node."""
        return cls({"type": kind, "message": message, "details": details, "extra_info": {}}, {})
