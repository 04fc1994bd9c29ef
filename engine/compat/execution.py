"""Names from the module that runs prompts; packs find the engine's own behind them."""

from engine.compat.hosting.missing import unoffered
from engine.types import ExecutionBlocker

__all__ = ["ExecutionBlocker"]
__getattr__ = unoffered(__name__)
