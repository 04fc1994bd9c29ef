"""Progress of packs' nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from engine.registry.running import current_context
from engine.types import Preview

Hook: TypeAlias = Callable[..., None]
"""(value, total, preview, node_id=…) -> None"""

_hooks: list[Hook] = []


def set_progress_bar_global_hook(function: Hook | None) -> None:
    """Report all progress to a pack's function instead of the host; None undoes it."""
    _hooks[:] = [] if function is None else [function]


class ProgressBar:
    """Progress of the running node.

    Raises: RunCancelledError, from its methods, when the artist stopped the run.
    """

    def __init__(self, total: float, node_id: str | None = None) -> None:
        self.total, self.current, self.node_id = total, 0.0, node_id

    def update(self, value: float) -> None:
        """Go on by `value`."""
        self.update_absolute(self.current + value)

    def update_absolute(
        self, value: float, total: float | None = None, preview: Any = None
    ) -> None:
        """Go to `value`; `preview` is (format, Pillow picture, largest side or None)."""
        if total is not None:
            self.total = total
        self.current = min(value, self.total)
        if _hooks:
            _hooks[0](self.current, self.total, preview, node_id=self.node_id)
            return
        context = current_context()
        if context is not None:
            context.progress(self.current, self.total, _preview(preview))


def _preview(preview: Any) -> Preview | None:
    if preview is None or isinstance(preview, Preview):
        return preview
    _, picture, largest = preview
    shown = Preview(lambda: picture)
    return shown if largest is None else Preview(lambda: picture, max_size=largest)
